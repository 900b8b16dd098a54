"""What stands behind a name under `resources`, as functions and other resources see it."""

from __future__ import annotations

from typing import ClassVar, Protocol

from compiler.hot.reads import Key
from compiler.node import Node


class Resource(Protocol):
    """A resource of a stack, whatever its type."""

    policies: ClassVar[frozenset[str] | None]  # the keys of its `update_policy`; None: not validated

    def attribute(self, name: str, path: tuple[Key, ...], place: Node) -> Node:
        """What `get_attr: [resource, name, *path]` gives."""
        ...

    def attributes(self, place: Node) -> Node:
        """What `get_attr: [resource]` gives: every attribute."""
        ...

    def expect(self, name: str, place: Node) -> None:
        """An error if it has no attribute of that name."""
        ...

    def reference(self, place: Node) -> Node:
        """What `get_resource` gives."""
        ...

    def check(self) -> None:
        """An error if its properties are not what it takes, or if a template behind it is wrong."""
        ...
