"""An expression in a template, evaluated: nodes go in and nodes come out.

So every value can still be shown in the line that made it.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping as AbstractMapping
from typing import Protocol

from compiler.hot.reads import Path
from compiler.hot.resource import Resource
from compiler.node import Mapping, Node, Scalar, Sequence, given, mapping_of, scalar_of, sequence_of
from compiler.node.conversion import Conversion
from compiler.source import Source

OMITTED = given(None, "<omitted>")  # what an `if` without an else gives: the item around it disappears

Thunk = Callable[[], Node]  # a value that is evaluated when it is asked for; it may be OMITTED


class StackView(Protocol):
    """What a function may ask of the stack in which it is called."""

    @property
    def conversion(self) -> Conversion:
        """Nodes as plain values, and back."""
        ...

    def parameter(self, name: str, place: Node) -> Node:
        """The value of a parameter, in its type."""
        ...

    def record_read(self, path: Path, value: Node | None) -> None:
        """Record that a parameter, or what lies at a path in it, was looked at."""
        ...

    def record_missing(self, call: Mapping, path: list[Node], value: Node) -> None:
        """Report a call whose path leads nowhere in the value of its parameter."""
        ...

    def has_resource(self, name: str) -> bool:
        """Whether the template defines a resource of that name."""
        ...

    def find_resource(self, name: str, place: Node) -> Resource:
        """The resource of that name. Raises CompileError if there is none, or its condition disables it."""
        ...

    def facade(self, field: str, call: Node) -> Node | None:
        """A field of the resource that the stack is of its parent; None where that has none."""
        ...

    def file(self, path: str, place: Node) -> Source:
        """A file beside the template."""
        ...

    def enabled(self, condition: Node) -> bool:
        """Whether a condition holds that is written in place: a boolean, a name, or a function."""
        ...

    def holds(self, value: Node) -> bool:
        """Whether a condition holds, by its value."""
        ...


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


class Scope:
    """Where an expression stands: the stack whose names it means, and the functions that it may call."""

    __slots__ = ("functions", "is_condition", "stack")

    def __init__(self, stack: StackView, functions: Functions, *, is_condition: bool = False) -> None:
        self.stack = stack
        self.functions = functions
        self.is_condition = is_condition

    def value(self, node: Node) -> Node:
        """The node with every call in it replaced by its value; null for what an `if` leaves out."""
        found = self.evaluate(node)
        return scalar_of(None, node) if found is OMITTED else found

    def evaluate(self, node: Node) -> Node:
        """As `value`, but OMITTED for what an `if` leaves out: the item around it is to disappear."""
        if isinstance(node, Mapping):
            if len(node.entries) == 1:
                for name, argument in node.entries.items():
                    function = self.functions.get(name)
                    if function is not None:
                        function.shape(self, argument, node)
                        return function.value(self, argument, node)
            return self._mapping(node)
        return self._sequence(node) if isinstance(node, Sequence) else node

    def is_call(self, node: Node) -> bool:
        """Whether a node is a function call: a mapping of one key, and that a function's name."""
        return (
            isinstance(node, Mapping)
            and len(node.entries) == 1
            and next(iter(node.entries)) in self.functions
        )

    def shallow(self, node: Node) -> tuple[Node, bool]:
        """The node with a call at its very top made, and whether what lies below is evaluated too."""
        return (self.value(node), True) if self.is_call(node) else (node, isinstance(node, Scalar))

    def branch(self, argument: Sequence) -> Node | None:
        """The value that an `if` of that argument decides for; None where it has none."""
        condition, then, *otherwise = argument.items
        if self.stack.enabled(condition):
            return then
        return otherwise[0] if otherwise else None

    def check(self, node: Node, *, refers: bool = True) -> None:
        """An error for the first call in the node that is not well formed; only what `if` asks is evaluated.

        With `refers`, for one that names a resource or an attribute that is not there, too, and in the branch
        that an `if` decides for; without, what stands in an `if` is left alone.
        """
        if isinstance(node, Sequence):
            for item in node.items:
                self.check(item, refers=refers)
        elif isinstance(node, Mapping):
            name = next(iter(node.entries), "")
            if self.is_call(node):
                function = self.functions[name]
                (function.check if refers else function.shape)(self, node.entries[name], node)
            if name != "if" or not self.is_call(node):
                for value in node.entries.values():
                    self.check(value, refers=refers)

    def _sequence(self, node: Sequence) -> Node:
        items = [self.evaluate(item) for item in node.items]
        if items == node.items:  # nodes are equal only to themselves
            return node
        return sequence_of([item for item in items if item is not OMITTED], node)

    def _mapping(self, node: Mapping) -> Node:
        entries = {key: self.evaluate(value) for key, value in node.entries.items()}
        if entries == node.entries:
            return node
        kept = {key: value for key, value in entries.items() if value is not OMITTED}
        return mapping_of(kept, node, node.keys)
