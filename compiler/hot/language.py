"""What a template is written in, as the evaluation sees it: functions, and resources."""

from __future__ import annotations

from collections.abc import Mapping as AbstractMapping
from typing import TYPE_CHECKING, ClassVar, Protocol

from compiler.hot.reads import Key
from compiler.hot.versions import Version
from compiler.node import Mapping, Node

if TYPE_CHECKING:
    from compiler.hot.scope import Scope
    from compiler.hot.stack import Stack


class Function(Protocol):
    """One intrinsic function of a template language."""

    def shape(self, scope: Scope, argument: Node, call: Mapping) -> None:
        """An error where the argument, as it is written, is none of this function's."""
        ...

    def check(self, scope: Scope, argument: Node, call: Mapping) -> None:
        """As `shape`; and an error where the call names a resource or an attribute that is not there."""
        ...

    def value(self, scope: Scope, argument: Node, call: Mapping) -> Node:
        """The value of a call whose argument has the right shape."""
        ...


Functions = AbstractMapping[str, Function]


class Resource(Protocol):
    """What stands behind a name under `resources`."""

    policies: ClassVar[frozenset[str] | None]  # what its update policy may say; None: nobody minds anything

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


class Languages(Protocol):
    """The functions of each version of HOT: in values, in conditions."""

    def values(self, version: Version) -> Functions:
        """What may be called in values."""
        ...

    def conditions(self, version: Version) -> Functions:
        """What may be called in conditions."""
        ...

    def resource(self, stack: Stack, name: str) -> Resource | None:
        """The resource of that name; None if its condition switches it off."""
        ...
