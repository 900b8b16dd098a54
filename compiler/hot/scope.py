"""An expression in a template, evaluated: nodes go in and nodes come out.

So every value can still be shown in the line that made it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.hot.language import Functions
from compiler.node import Mapping, Node, Scalar, Sequence, given, mapping_of, scalar_of, sequence_of

if TYPE_CHECKING:
    from compiler.hot.stack import Stack

OMITTED = given(None, "<omitted>")  # what an `if` without an else gives: the item around it disappears


class Scope:
    """Where an expression stands: the template whose names it means, and the functions it may call."""

    __slots__ = ("functions", "stack")

    def __init__(self, stack: Stack, functions: Functions) -> None:
        self.stack = stack
        self.functions = functions

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
