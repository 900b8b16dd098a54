"""Parts assembled as role_data, for its schema, which checks equal parts once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from compiler.model.service import Part
from compiler.node import Mapping, Node, alike, from_plain, mapping_of


class Written(NamedTuple):
    """A part, and the nodes of its keys, as they are written."""

    keys: tuple[Node, ...]
    part: Part


class Seen:
    """The parts that the schema has accepted, one for each path."""

    def __init__(self) -> None:
        self._nodes: dict[tuple[str, ...], Node] = {}

    def add(self, part: Part) -> None:
        """Remember a part that is valid."""
        self._nodes.setdefault(part.path, part.node)

    def __contains__(self, part: Part) -> bool:
        """Whether a part differs from a valid one in the data of a configuration file alone.

        Of that data the schema checks only the kinds of values.
        """
        known, node = self._nodes.get(part.path), part.node
        if part.path[0] != "config_data" or not isinstance(known, Mapping) or not isinstance(node, Mapping):
            return False
        return known.entries.get("mode") is node.entries.get("mode") and alike(known, node)


def role_data(service: str, place: Node, alias: Node, parts: Iterable[Written]) -> Node:
    """role_data with these parts and no others, each at the place where it is written."""
    root = _Branch(place)
    for keys, part in parts:
        branch = root
        for key, node in zip(part.path[:-1], keys, strict=False):
            branch = branch.branches.setdefault(key, _Branch(node))
        branch.leaves[part.path[-1]] = (keys[-1], part.node)
    root.leaves.setdefault("service_name", (alias, from_plain(service, "<service>")))
    return root.node()


@dataclass(slots=True)
class _Branch:
    place: Node
    branches: dict[str, _Branch] = field(default_factory=dict)
    leaves: dict[str, tuple[Node, Node]] = field(default_factory=dict)

    def node(self) -> Node:
        entries = {key: branch.node() for key, branch in self.branches.items()}
        keys = {key: branch.place for key, branch in self.branches.items()}
        entries |= {key: node for key, (_, node) in self.leaves.items()}
        keys |= {key: key_node for key, (key_node, _) in self.leaves.items()}
        return mapping_of(entries, self.place, keys)
