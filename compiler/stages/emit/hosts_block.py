"""The names of the fleet's hosts, which every host resolves by itself."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address

from compiler.host.layout import HOSTS
from compiler.model.artifact import File


def hosts_block(hosts: Iterable[tuple[str | None, str]]) -> File:
    """Lines of /etc/hosts, from addresses and names; the host program puts them in as a marked block.

    A host that is reached by a name is left out: whatever resolves that name resolves it for all.
    """
    lines = (f"{address}\t{name}\n" for address, name in hosts if address and _is_address(address, name))
    return File(path=HOSTS, content="".join(lines).encode())


def _is_address(address: str, name: str) -> bool:
    try:
        return not ip_address(address).is_loopback and name != "localhost"
    except ValueError:
        return False
