"""Where a lab is: its folder, its subnet, and the paths, addresses and names derived from them."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from compiler.lab.system import LabError

STATE = Path("/var/lib/heatsink-lab")
CACHE = Path("/var/cache/heatsink-lab")
SUBNET = "198.18.77"
NODES = range(1, 245)
SHARED = Path("/srv/shared")  # on every node, as a file server's folder would be


@dataclass(frozen=True, slots=True, kw_only=True)
class Lab:
    """One lab. Several can run side by side if their folders and subnets differ.

    `subnet` is the first three numbers of a /24 inside 198.18.0.0/15, which RFC 2544 reserves for tests, so
    that it does not collide with a real network.
    """

    state: Path = STATE
    subnet: str = SUBNET
    cache: Path = CACHE

    def __post_init__(self) -> None:
        if not re.fullmatch(r"198\.1[89]\.\d{1,3}", self.subnet) or int(self.subnet.split(".")[2]) > 255:
            raise LabError(
                f"`{self.subnet}` is not a valid subnet for a lab",
                hint="choose one from 198.18.0 to 198.19.255 (reserved for tests by RFC 2544)",
            )

    @property
    def gateway(self) -> str:
        """The machine's own address on the lab's bridge."""
        return f"{self.subnet}.1"

    @property
    def subnet6(self) -> str:
        """The first half of the lab's IPv6 network, a /64 of local addresses: `fd00:198:18:77`."""
        return f"fd00:{self.subnet.replace('.', ':')}"

    @property
    def gateway6(self) -> str:
        """The machine's own IPv6 address on the lab's bridge."""
        return f"{self.subnet6}::1"

    @property
    def registry(self) -> str:
        """`address:port` of the lab's container registry, which uses plain HTTP."""
        return f"{self.gateway}:4000"

    @property
    def bridge(self) -> str:
        """The bridge that all nodes of this lab are connected to."""
        return f"lab{self.subnet.split('.')[2]}"

    @property
    def identity_file(self) -> Path:
        """The private key for root on every node; the public half is beside it."""
        return self.state / "id_ed25519"

    @property
    def known_hosts(self) -> Path:
        """The nodes' own host keys, in OpenSSH's format."""
        return self.state / "known_hosts"

    @property
    def shared(self) -> Path:
        """The folder that all nodes have as `SHARED`."""
        return self.state / "shared"

    @property
    def lock(self) -> Path:
        """Locked while anything of this lab is created, started or removed."""
        return self.state / "lock"


def from_environment() -> Lab:
    """The lab that `HEATSINK_LAB_STATE` and `HEATSINK_LAB_SUBNET` name, or the default one."""
    state = Path(os.environ.get("HEATSINK_LAB_STATE", STATE))
    return Lab(state=state, subnet=os.environ.get("HEATSINK_LAB_SUBNET", SUBNET))
