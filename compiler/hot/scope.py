"""Evaluates expressions in templates: nodes in, nodes out, so that every value keeps its place."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping as AbstractMapping
from dataclasses import KW_ONLY, dataclass
from typing import Protocol

from compiler.diagnostics import CompileError, Report
from compiler.hot.reads import ReadPath
from compiler.hot.resource import Resource
from compiler.hot.versions import Version
from compiler.meter import Meter, OverBudgetError
from compiler.node import Mapping, Node, Scalar, Sequence, from_plain, mapping_of, scalar_of, sequence_of
from compiler.node.conversion import Conversion
from compiler.node.parts import parts_of
from compiler.source import Source, Span

# The value of an `if` without an else: the item that contains it is removed.
OMITTED = from_plain(None, "<omitted>")

Thunk = Callable[[], Node]  # a value that is evaluated when it is needed; it may be OMITTED


class StackView(Protocol):
    """What a function may ask of the stack in which it is called."""

    @property
    def conversion(self) -> Conversion:
        """Nodes as plain values, and back."""
        ...

    @property
    def meter(self) -> Meter:
        """The budget of steps."""
        ...

    def parameter(self, name: str, place: Node) -> Node:
        """The value of a parameter, in its type."""
        ...

    def record_read(self, path: ReadPath, value: Node | None) -> None:
        """Record that a parameter, or the value at a path in it, was read."""
        ...

    def record_missing(self, call: Mapping, path: list[Node], value: Node) -> None:
        """Report a call whose path does not exist in the value of its parameter."""
        ...

    def has_resource(self, name: str) -> bool:
        """Whether the template defines a resource of that name."""
        ...

    def find_resource(self, name: str, place: Node) -> Resource:
        """The resource of that name. Raises CompileError if there is none, or its condition disables it."""
        ...

    def facade(self, field: str, call: Node) -> Node | None:
        """A field of the parent's resource that this stack belongs to; None if it is not set."""
        ...

    def file(self, path: str, place: Node) -> Source:
        """A file beside the template."""
        ...

    def enabled(self, condition: Node) -> bool:
        """Whether a condition is true: a boolean, a name, or a function."""
        ...

    def holds(self, value: Node) -> bool:
        """Whether the value of a condition means true."""
        ...


class MisuseError(Exception):
    """An argument or a value that a function does not accept; the function's name is added later.

    `at`: its place, if not that of the whole call; `hint`: what to do, if not how the call is written.
    """

    def __init__(self, problem: str, at: Node | Span | None = None, hint: str | None = None) -> None:
        super().__init__(problem)
        self.span = at.span if isinstance(at, Node) else at
        self.hint = hint


_RETURNED, _READ = 64, 4  # parts of a value that take one step

Shape = Callable[["Functions", Node, Mapping], None]  # what may be called, an argument, its call
Value = Callable[["Scope", Node, Mapping], Node]
Check = Callable[["Scope", Node, Mapping], None]


@dataclass(frozen=True, slots=True)
class Names:
    """Which parts of an argument name parameters, resources or conditions of the template."""

    sections: tuple[str, ...]  # of the template, which may define them
    operands: Callable[[Node], list[Node]]  # the names in an argument, or calls that return them


@dataclass(frozen=True, slots=True)
class Function:
    """One intrinsic function: its row in the table of functions."""

    name: str
    forms: tuple[str, ...]  # of its argument, each as `[delimiter, list, …]`
    _: KW_ONLY
    evaluate: Value  # of a call whose argument has the right shape
    expect: Shape | None = None  # raises MisuseError for an argument of another form; None takes any
    # Whether an argument looks like one that was written for this function.
    likely: Callable[[Node], bool] = lambda _: True
    refers: Check | None = None  # raises MisuseError if what a call names does not exist
    names: Names | None = None
    chooses: bool = False  # evaluates its first item as a condition, and then one of the others
    conditions_since: Version | None = None  # the first version in which conditions may call it

    def shape(self, functions: Functions, argument: Node, call: Mapping) -> None:
        """Raise CompileError if the argument, as it is written, does not fit this function."""
        if self.expect is None:
            return
        try:
            self.expect(functions, argument, call)
        except MisuseError as problem:
            raise self._refused(problem, call) from None

    def check(self, scope: Scope, argument: Node, call: Mapping) -> None:
        """Raise CompileError if the call is wrong whatever its value may be."""
        self.shape(scope.functions, argument, call)
        if self.refers is None:
            return
        try:
            self.refers(scope, argument, call)
        except MisuseError as problem:
            raise self._refused(problem, call) from None

    def value(self, scope: Scope, argument: Node, call: Mapping) -> Node:
        """The value of a call whose argument has the right shape."""
        try:
            value = self.evaluate(scope, argument, call)
            scope.stack.meter.spend(1 + parts_of(value) // _RETURNED)
        except MisuseError as problem:
            raise self._refused(problem, call) from None
        except OverBudgetError as problem:
            hint = "make the values smaller, or do the work in several templates"
            raise CompileError(f"`{self.name}` {problem}", call.span, hint) from None
        return value

    def _refused(self, problem: MisuseError, call: Mapping) -> CompileError:
        usage = " or ".join(f"`{self.name}: {form}`" for form in self.forms)
        hint = problem.hint or f"write {usage}"
        return CompileError(f"`{self.name}` {problem}", problem.span or call.span, hint)


Functions = AbstractMapping[str, Function]


def is_call(node: Node, functions: Functions) -> bool:
    """Whether a node is a function call: a mapping of one key, and that a function's name."""
    return isinstance(node, Mapping) and len(node.entries) == 1 and next(iter(node.entries)) in functions


class Scope:
    """The context of an expression: the stack whose names it uses, and the functions that it may call."""

    __slots__ = ("functions", "is_condition", "stack")

    def __init__(self, stack: StackView, functions: Functions, *, is_condition: bool = False) -> None:
        self.stack = stack
        self.functions = functions
        self.is_condition = is_condition

    def value(self, node: Node) -> Node:
        """The node with every call in it replaced by its value; null if that is OMITTED."""
        found = self.evaluate(node)
        parts_of(found)
        return scalar_of(None, node) if found is OMITTED else found

    def read(self, node: Node) -> Node:
        """As `value`, of which a function reads every part."""
        value = self.value(node)
        self.stack.meter.spend(parts_of(value) // _READ)
        return value

    def evaluate(self, node: Node) -> Node:
        """As `value`, but OMITTED for an `if` without a value."""
        if isinstance(node, Mapping):
            if len(node.entries) == 1:
                for name, argument in node.entries.items():
                    function = self.functions.get(name)
                    if function is not None:
                        function.shape(self.functions, argument, node)
                        return function.value(self, argument, node)
            return self._mapping(node)
        return self._sequence(node) if isinstance(node, Sequence) else node

    def is_call(self, node: Node) -> bool:
        """Whether a node is a call of a function that may be called here."""
        return is_call(node, self.functions)

    def function(self, node: Mapping) -> Function | None:
        """The function that a mapping calls; None if it is not a call."""
        return self.functions[next(iter(node.entries))] if self.is_call(node) else None

    def shallow(self, node: Node) -> tuple[Node, bool]:
        """The node with a call at its top evaluated, and whether everything below is evaluated too."""
        return (self.value(node), True) if self.is_call(node) else (node, isinstance(node, Scalar))

    def branch(self, argument: Sequence) -> Node | None:
        """The branch that an `if` with that argument chooses; None if it has none."""
        condition, then, *otherwise = argument.items
        if self.stack.enabled(condition):
            return then
        return otherwise[0] if otherwise else None

    def check(self, node: Node, *, refers: bool = True) -> None:
        """Raise CompileError with every malformed call; only the condition of an `if` is evaluated.

        With `refers`, also with calls that name an unknown resource or attribute, and in the branch that an
        `if` chooses; without, branches of an `if` are not checked.
        """
        mistakes = Report()
        self._check(node, mistakes, refers=refers)
        mistakes.check()

    def _check(self, node: Node, mistakes: Report, *, refers: bool) -> None:
        if isinstance(node, Sequence):
            for item in node.items:
                self._check(item, mistakes, refers=refers)
        elif isinstance(node, Mapping):
            function = self.function(node)
            if function is not None:
                with mistakes.collecting():
                    self._check_call(function, node, refers=refers)
            if function is None or not function.chooses:
                for value in node.entries.values():
                    self._check(value, mistakes, refers=refers)

    def _check_call(self, function: Function, call: Mapping, *, refers: bool) -> None:
        argument = call.entries[function.name]
        if refers:
            function.check(self, argument, call)
        else:
            function.shape(self.functions, argument, call)

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
