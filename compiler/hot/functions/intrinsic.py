"""What an intrinsic function is, and the shapes that its argument may have as it is written.

Heat looks at shapes when it reads a template and at values when it resolves one, and so does this. A call in
the argument has no shape yet: what it gives is looked at later.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from compiler.diagnostics import CompileError, closest
from compiler.hot.scope import Scope
from compiler.model import secret
from compiler.node import Mapping, Node, Plain, Scalar, Sequence, plain
from compiler.source import Span

Shape = Callable[[Scope, Node, Mapping], None]
Value = Callable[[Scope, Node, Mapping], Node]


class MisuseError(Exception):
    """An argument or a value that a function does not take; what the function is called is added outside.

    `at` is where it stands, if not in the whole call, and `hint` what to do, if not how the call is written.
    """

    def __init__(self, problem: str, at: Node | Span | None = None, hint: str | None = None) -> None:
        super().__init__(problem)
        self.span = at.span if isinstance(at, Node) else at
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Intrinsic:
    """One function: its name, how it is written, and what it does."""

    name: str
    form: str  # of its argument: `[delimiter, list, …]`
    evaluate: Value
    expect: Shape = lambda scope, argument, call: None
    refers: Shape = lambda scope, argument, call: None  # to something that must be there

    def shape(self, scope: Scope, argument: Node, call: Mapping) -> None:
        """An error where the argument, as it is written, is none of this function's."""
        try:
            self.expect(scope, argument, call)
        except MisuseError as problem:
            raise self._refused(problem, call) from None

    def check(self, scope: Scope, argument: Node, call: Mapping) -> None:
        """An error where the call is wrong whatever its value may be."""
        self.shape(scope, argument, call)
        try:
            self.refers(scope, argument, call)
        except MisuseError as problem:
            raise self._refused(problem, call) from None

    def value(self, scope: Scope, argument: Node, call: Mapping) -> Node:
        """The value of a call whose argument has the right shape."""
        try:
            return self.evaluate(scope, argument, call)
        except MisuseError as problem:
            raise self._refused(problem, call) from None

    def _refused(self, problem: MisuseError, call: Mapping) -> CompileError:
        hint = problem.hint or f"write `{self.name}: {self.form}`"
        return CompileError(f"`{self.name}` {problem}", problem.span or call.span, hint)


def anything(scope: Scope, argument: Node, call: Mapping) -> None:
    """Any argument: only its value is looked at."""


def listed(least: int, most: int | None = None) -> Shape:
    """A list written in place, of so many items."""
    wanted = f"{least} items" if least == most else f"{least} or more items"

    def expect(scope: Scope, argument: Node, call: Mapping) -> None:
        if not isinstance(argument, Sequence):
            raise MisuseError(f"takes a list, not {said(scope, argument)}", argument)
        count = len(argument.items)
        if count < least or (most is not None and count > most):
            raise MisuseError(f"takes a list of {wanted}, not of {count}", argument)

    return expect


def mapped(*required: str, only: tuple[str, ...] = ()) -> Shape:
    """A mapping written in place, with these keys; and with no others but `only`, if there are any."""

    def expect(scope: Scope, argument: Node, call: Mapping) -> None:
        if not isinstance(argument, Mapping) or scope.is_call(argument):
            raise MisuseError(f"takes a mapping, not {said(scope, argument)}", argument)
        for name in required:
            if name not in argument.entries:
                raise MisuseError(f"needs `{name}`", argument)
        for name in argument.entries if only else ():
            if name not in only:
                hint = closest(name, only) or f"it has {', '.join(only)}"
                raise MisuseError(f"knows no `{name}`", argument.key_span(name), hint)

    return expect


def said(scope: Scope, argument: Node) -> str:
    """What an operator calls an argument."""
    return "a function" if scope.is_call(argument) else argument.kind


def text(node: Node, what: str) -> str:
    """The text of a value that must be one. Raises MisuseError; `what` says what it is for."""
    if not isinstance(node, Scalar) or not isinstance(node.value, str):
        raise MisuseError(f"takes {what}, not {shown(node)}", hint="quote it" if _is_scalar(node) else None)
    return node.value


def items(node: Node, what: str) -> list[Node]:
    """The items of a value that must be a list. Raises MisuseError; `what` says what it is."""
    if not isinstance(node, Sequence):
        raise MisuseError(f"takes {what}, not {shown(node)}")
    return node.items


def shown(node: Node) -> str:
    """A value as a message shows it: `a list`, `the number 5`, `''`."""
    if not isinstance(node, Scalar) or node.value is None:
        return node.kind
    value = str(node.value)
    if isinstance(node.value, str) and secret.names(value):
        return "a secret"
    return f"`{value[:40]}…`" if len(value) > 40 else f"`{value}`" if value else "''"


def without_secrets(node: Node) -> Plain:
    """The plain value of what a function compares or cuts. Raises MisuseError for a secret's reference."""
    value = plain(node)
    if isinstance(value, str) and secret.names(value):
        raise MisuseError(
            "needs the value of a secret, which only the push knows",
            hint="give what it needs to know a parameter of its own, which is not hidden",
        )
    return value


def _is_scalar(node: Node) -> bool:
    return isinstance(node, Scalar) and node.value is not None
