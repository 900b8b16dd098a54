"""`yaql`: an expression over data."""

from __future__ import annotations

import re
from collections.abc import Callable

from compiler.hot import yaql
from compiler.hot.functions.arguments import mapped, text
from compiler.hot.scope import Functions, MisuseError, Scope, is_call
from compiler.node import Mapping, Node, Scalar, ScalarValue, leaves, mapping_of, plain
from compiler.node.hidden import hidden_where_made


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
    conversion = scope.stack.conversion
    written = scope.value(argument.entries["expression"])
    expression = text(written, "a string as `expression`")
    data = scope.value(argument.entries.get("data") or mapping_of({}, call))
    is_hidden = written.is_hidden or conversion.holds_hidden(data)
    try:
        value = yaql.evaluate(expression, conversion.value(data), scope.stack.meter)
    except yaql.YaqlError as error:
        raise MisuseError("fails on hidden values" if is_hidden else f"fails: {error}") from None
    node = conversion.node(value, call)
    return hidden_where_made(node, call, _is_public(written, data)) if is_hidden else node


def _is_public(expression: Node, data: Node) -> Callable[[ScalarValue], bool]:
    """Whether a new value comes from the expression, or from data that is not hidden.

    A value that is also in hidden data may come from there. Booleans and null are answers about data.
    """
    hidden: set[tuple[type, ScalarValue]] = set()
    public: set[tuple[type, ScalarValue]] = set()
    for leaf in leaves(data):
        (hidden if leaf.is_hidden else public).add((type(leaf.value), leaf.value))
    if not expression.is_hidden:
        public |= {(str, word) for word in _WORDS.findall(str(plain(expression)))}

    def is_public(value: ScalarValue) -> bool:
        typed = (type(value), value)
        return value is None or isinstance(value, bool) or (typed in public and typed not in hidden)

    return is_public


_WORDS = re.compile(r"[\w./:-]+")
