"""`if`, and the functions of conditions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NoReturn

from compiler.hot.functions.arguments import without_secrets
from compiler.hot.scope import OMITTED, Functions, MisuseError, Scope, Value
from compiler.node import Mapping, Node, Sequence, is_null, scalar_of


def if_(scope: Scope, argument: Node, call: Mapping) -> Node:
    """`if`: one of two values; the other is not looked at. Without the second, what is around disappears."""
    assert isinstance(argument, Sequence)
    branch = scope.branch(argument)
    return OMITTED if branch is None else scope.evaluate(branch)


def if_refers(scope: Scope, argument: Node, call: Mapping) -> None:
    """What the value that it decides for refers to."""
    assert isinstance(argument, Sequence)
    branch = scope.branch(argument)
    if branch is not None:
        scope.check(branch)


def equals(scope: Scope, argument: Node, call: Mapping) -> Node:
    """Whether two values are equal as Python has it: 1 is 1.0 and true, and is not '1'."""
    assert isinstance(argument, Sequence)
    left, right = (without_secrets(scope.value(item)) for item in argument.items)
    return scalar_of(left == right, call)


def negation_shape(functions: Functions, argument: Node, call: Mapping) -> None:
    """Anything but null."""
    if is_null(argument):
        raise MisuseError("takes a condition", argument)


def negation(scope: Scope, argument: Node, call: Mapping) -> Node:
    """`not`."""
    return scalar_of(not scope.stack.holds(scope.value(argument)), call)


def all_or_any(every: Callable[[Iterable[bool]], bool]) -> Value:
    """`and`, `or`: all conditions are evaluated, but the names among them only as far as they decide."""

    def evaluate(scope: Scope, argument: Node, call: Mapping) -> Node:
        found = scope.value(argument)
        assert isinstance(found, Sequence)
        return scalar_of(every(scope.stack.holds(item) for item in found.items), call)

    return evaluate


def refused(why: str) -> Callable[[object, Node, Mapping], NoReturn]:
    """What becomes of a call of a function that cannot be called there."""

    def refuse(scope: object, argument: Node, call: Mapping) -> NoReturn:
        raise MisuseError(why, call, "remove it, or use another function")

    return refuse
