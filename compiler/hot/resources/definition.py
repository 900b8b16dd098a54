"""What every resource is created from, and what all of them share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from compiler.hot.reads import Digits, Key, member
from compiler.hot.resource import Resource
from compiler.hot.scope import Thunk
from compiler.hot.stack import Stack
from compiler.node import Mapping, Node, scalar_of

AttributePath = tuple[Key, ...]
NO_POLICIES: frozenset[str] | None = frozenset()  # the keys of an update policy
SHOW = "show"  # the attribute that every resource has: how the cloud sees it


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceDefinition:
    """One resource before its type is looked up: the type, and the properties, not evaluated."""

    stack: Stack
    path: tuple[str, ...]  # its name in the template; for a member of a group also its number
    type: Node
    properties: dict[str, Thunk]
    place: Mapping  # where the properties are written

    @property
    def name(self) -> str:
        """Its path, joined."""
        return ".".join(self.path)

    @property
    def label(self) -> str:
        """How messages name it: a member by its chain or group, so that the mistake of all is one."""
        return f"resource `{self.path[0]}`"


Make = Callable[[ResourceDefinition], Resource]


def constant(node: Node) -> Thunk:
    """A thunk for a value that is already evaluated."""
    return lambda: node


def inner(find: Callable[[str, Node], Resource], name: str, path: AttributePath, place: Node) -> Node:
    """The reference of `resource.NAME`, or an attribute for `resource.NAME.ATTRIBUTE` or a further path."""
    steps: list[Key] = [*name.split(".", 2)[1:], *path]
    found = find(str(steps[0]), place)
    return (
        found.attribute(str(steps[1]), tuple(steps[2:]), place) if len(steps) > 1 else found.reference(place)
    )


def value_at(value: Node, path: AttributePath, place: Node) -> Node:
    """The value at a path of an attribute; null if there is none."""
    found = member(value, path, Digits.KEY)
    return scalar_of(None, place) if found is None else found
