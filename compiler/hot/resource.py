"""A resource of a template, as functions and other resources see it."""

from __future__ import annotations

from typing import ClassVar, Protocol

from compiler.hot.reads import Key
from compiler.node import Node


class Resource(Protocol):
    """A resource of a stack, whatever its type."""

    policies: ClassVar[frozenset[str] | None]  # the keys of its `update_policy`; None: not validated

    def attribute(self, name: str, path: tuple[Key, ...], place: Node) -> Node:
        """The value of `get_attr: [resource, name, *path]`."""
        ...

    def attributes(self, place: Node) -> Node:
        """The value of `get_attr: [resource]`: every attribute."""
        ...

    def expect(self, name: str, place: Node) -> None:
        """Raise CompileError if it has no attribute of that name."""
        ...

    def reference(self, place: Node) -> Node:
        """The value of `get_resource`."""
        ...

    def check(self) -> None:
        """Raise CompileError for invalid properties, or a mistake in the template behind it."""
        ...
