"""`if`, and the functions of conditions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NoReturn

from compiler.hot.functions.arguments import refers_to_secret, without_secrets
from compiler.hot.scope import OMITTED, Functions, MisuseError, Scope, Value
from compiler.node import Mapping, Node, Sequence, is_null, plain, scalar_of


def if_(scope: Scope, argument: Node, call: Mapping) -> Node:
    """`if`: one of two values; the other is not evaluated. Without a second, the item may be removed."""
    assert isinstance(argument, Sequence)
    branch = scope.branch(argument)
    return OMITTED if branch is None else scope.evaluate(branch)


def if_refers(scope: Scope, argument: Node, call: Mapping) -> None:
    """Check the branch that it chooses."""
    assert isinstance(argument, Sequence)
    branch = scope.branch(argument)
    if branch is not None:
        scope.check(branch)


def equals(scope: Scope, argument: Node, call: Mapping) -> Node:
    """Whether two values are equal as in Python: 1 equals 1.0 and true, but not '1'."""
    assert isinstance(argument, Sequence)
    operands = [scope.read(item) for item in argument.items]
    if any(plain(operand) == "" for operand in operands) and any(map(refers_to_secret, operands)):
        return scalar_of(False, call)  # a push refuses secrets without a value
    left, right = map(without_secrets, operands)
    return scalar_of(left == right, call)


def negation_shape(functions: Functions, argument: Node, call: Mapping) -> None:
    """Refuse null."""
    if is_null(argument):
        raise MisuseError("takes a condition", argument)


def negation(scope: Scope, argument: Node, call: Mapping) -> Node:
    """Whether a condition is false."""
    return scalar_of(not scope.stack.holds(scope.value(argument)), call)


def all_or_any(every: Callable[[Iterable[bool]], bool]) -> Value:
    """`and`, `or`: all calls are evaluated, but names of conditions only until the result is known."""

    def evaluate(scope: Scope, argument: Node, call: Mapping) -> Node:
        operands = scope.value(argument)
        assert isinstance(operands, Sequence)
        return scalar_of(every(scope.stack.holds(item) for item in operands.items), call)

    return evaluate


def refused(why: str) -> Callable[[object, Node, Mapping], NoReturn]:
    """A shape or value that refuses every call."""

    def refuse(scope: object, argument: Node, call: Mapping) -> NoReturn:
        raise MisuseError(why, call, "remove it, or use another function")

    return refuse
