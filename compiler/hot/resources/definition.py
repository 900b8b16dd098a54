"""What every resource is made from, and what each of them does alike."""

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
SHOW = "show"  # the attribute that every resource has; it is the cloud's own view of it


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceDefinition:
    """One resource before it is known what it is: its type, and its properties unevaluated."""

    stack: Stack
    path: tuple[str, ...]  # its name in the template; of a member of a group that, and its number
    type: Node
    properties: dict[str, Thunk]
    place: Mapping  # where the properties are written

    @property
    def name(self) -> str:
        """Its path in one piece."""
        return ".".join(self.path)

    @property
    def label(self) -> str:
        """What an operator calls it."""
        return f"resource `{self.name}`"


Make = Callable[[ResourceDefinition], Resource]


def constant(node: Node) -> Thunk:
    """A value that is evaluated already."""
    return lambda: node


def inner(find: Callable[[str, Node], Resource], name: str, path: AttributePath, place: Node) -> Node:
    """`resource.NAME` is a reference, `resource.NAME.ATTRIBUTE` or a path behind it an attribute."""
    steps: list[Key] = [*name.split(".", 2)[1:], *path]
    found = find(str(steps[0]), place)
    return (
        found.attribute(str(steps[1]), tuple(steps[2:]), place) if len(steps) > 1 else found.reference(place)
    )


def value_at(value: Node, path: AttributePath, place: Node) -> Node:
    """What lies at a path of an attribute; null where there is nothing."""
    found = member(value, path, Digits.KEY)
    return scalar_of(None, place) if found is None else found
