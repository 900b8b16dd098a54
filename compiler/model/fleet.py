"""The fleet: its hosts, their roles, and how to connect to them."""

from __future__ import annotations

from dataclasses import dataclass

from compiler.model.credential import Credential

FLEET_MODE = 0o600  # of fleet.json: it has the digests of manifests, which have those of private files
PLACES = "places.json"  # in the folder of each host in a build: where what is in its files is written


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """How to connect to a host. Without an address it is this machine, without ssh."""

    address: str | None = None
    port: int | None = None
    user: str | None = None
    identity_file: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetHost:
    """One host of fleet.json."""

    name: str
    role: str
    backend: str
    connection: Connection
    manifest: str = ""  # sha256 of the host's manifest.json; "" of a host that left
    addresses: tuple[str, ...] = ()  # in its networks


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """fleet.json of a build folder: what was compiled, for the push."""

    hosts: tuple[FleetHost, ...]
    left: tuple[FleetHost, ...] = ()  # they are not in the hosts file any more, and not removed yet
    project: str = ""  # whose hosts these are; "" if the hosts file does not name it
    steps: tuple[int, ...] = (1, 2, 3, 4, 5)
    credentials: tuple[Credential, ...] = ()
