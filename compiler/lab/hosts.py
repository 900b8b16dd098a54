"""The hosts file for a lab: the role of each node."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from compiler.lab.node import LabNode
from compiler.lab.place import Lab
from compiler.lab.system import LabError


def hosts_file(lab: Lab, nodes: Sequence[LabNode], roles: Mapping[str, int]) -> str:
    """The text of a hosts file that assigns each role its number of nodes, both in their order.

    Further nodes are left out. Docker nodes name their backend, as podman is the default of roles.
    """
    wanted = sum(roles.values())
    if wanted > len(nodes):
        raise LabError(
            f"the roles need {wanted} nodes, but the lab has {len(nodes)}",
            hint=f"run `heatsink lab up {wanted}`",
        )
    return "\n".join(_lines(lab, nodes, roles)) + "\n"


def role_counts(written: Sequence[str]) -> dict[str, int]:
    """The roles and counts of `--role Controller=1 --role Compute=2`, in order; the default count is 1."""
    counts: dict[str, int] = {}
    for text in written:
        match = re.fullmatch(r"([A-Za-z0-9_-]+)(?:=([1-9]\d*))?", text)
        if not match or match[1] in counts:
            raise LabError(f"`--role {text}` is not valid", hint="name each role once, as `Controller=1`")
        counts[match[1]] = int(match[2] or 1)
    return counts


def _lines(lab: Lab, nodes: Sequence[LabNode], roles: Mapping[str, int]) -> Iterator[str]:
    yield "# yaml-language-server: $schema=hosts.schema.json"
    yield f"defaults: {{user: root, identity_file: {_scalar(str(lab.identity_file))}}}"
    yield "hosts:"
    rest = iter(nodes)
    for role, count in roles.items():
        yield from (f"  - {_host(node, role)}" for node in islice(rest, count))


def _host(node: LabNode, role: str) -> str:
    backend = ", backend: docker" if node.engine == "docker" else ""
    return f"{{name: {node.name}, role: {_scalar(role)}, address: {node.address}{backend}}}"


def _scalar(text: str) -> str:
    """A string in YAML: plain if it has no special characters, else quoted as in JSON."""
    return text if re.fullmatch(r"[A-Z/][A-Za-z0-9/._-]+", text) else json.dumps(text)
