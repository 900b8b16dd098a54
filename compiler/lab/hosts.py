"""The hosts file for a lab: the role of each node."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from compiler import schemas
from compiler.files.hosts_file import HostEntry
from compiler.files.hosts_file import hosts_file as text
from compiler.lab.node import LabNode
from compiler.lab.place import Lab
from compiler.lab.system import LabError


def hosts_file(
    lab: Lab, nodes: Sequence[LabNode], roles: Mapping[str, int], *, user: str = "root", ipv6: bool = False
) -> str:
    """The text of a hosts file that assigns each role its number of nodes, both in their order.

    Further nodes are left out. Docker nodes name their backend, as podman is the default of roles.
    """
    wanted = sum(roles.values())
    if wanted > len(nodes):
        raise LabError(
            f"the roles need {wanted} nodes, but the lab has {len(nodes)}",
            hint=f"run `heatsink lab up {wanted}`",
        )
    defaults = {"user": user, "identity_file": str(lab.identity_file)}
    return text(str(schemas.path("hosts")), defaults, _entries(nodes, roles, ipv6=ipv6))


def _entries(nodes: Sequence[LabNode], roles: Mapping[str, int], *, ipv6: bool) -> Iterator[HostEntry]:
    rest = iter(nodes)
    for role, count in roles.items():
        for node in islice(rest, count):
            backend = "docker" if node.engine == "docker" else None
            address = node.address6 if ipv6 else node.address
            yield HostEntry(name=node.name, role=role, address=address, backend=backend)
