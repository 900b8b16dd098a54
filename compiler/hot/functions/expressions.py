"""`yaql`: an expression over data."""

from __future__ import annotations

from compiler.hot import yaql
from compiler.hot.functions.arguments import mapped, text
from compiler.hot.scope import Functions, MisuseError, Scope, is_call
from compiler.node import Mapping, Node, Scalar


def expression_shape(functions: Functions, argument: Node, call: Mapping) -> None:
    """Expect `expression`, which must be valid if it is literal, and perhaps `data`."""
    mapped("expression", only=("expression", "data"))(functions, argument, call)
    assert isinstance(argument, Mapping)
    written = argument.entries["expression"]
    if is_call(written, functions):
        return
    if not isinstance(written, Scalar) or not isinstance(written.value, str):
        raise MisuseError(f"takes a string as `expression`, not {written.kind}", written)
    try:
        yaql.check(written.value)
    except yaql.YaqlError as error:
        raise MisuseError(f"fails: {error}", written) from None


def evaluate(scope: Scope, argument: Node, call: Mapping) -> Node:
    """The value of the expression."""
    assert isinstance(argument, Mapping)
    expression = text(scope.value(argument.entries["expression"]), "a string as `expression`")
    data = argument.entries.get("data")
    try:
        found = yaql.evaluate(
            expression, {} if data is None else scope.stack.conversion.value(scope.value(data))
        )
    except yaql.YaqlError as error:
        raise MisuseError(f"fails: {error}") from None
    return scope.stack.conversion.node(found, call)
