"""Conditions: true or false, by name or written in place (heat/engine/conditions.py)."""

from __future__ import annotations

from collections.abc import Callable

from compiler.diagnostics import CompileError, closest
from compiler.model import secret
from compiler.node import Mapping, Node, Scalar, Sequence, expect_sequence, plain
from compiler.resolve.instance import Instance


def holds(at: Instance, node: Node) -> bool:
    """Whether a condition holds: a boolean, a condition's name, or a condition function.

    `get_param` may stand for either of the first two. Heat takes null for true.
    """
    if isinstance(node, Mapping) and len(node.entries) == 1:
        ((name, argument),) = node.entries.items()
        if name in _FUNCTIONS:
            return _FUNCTIONS[name](at, argument, node)
        if name != "get_param":
            raise CompileError(
                f"`{name}` is no condition function", node.key_span(name), closest(name, _FUNCTIONS)
            )
        node = at.evaluate(node)
    value = node.value if isinstance(node, Scalar) else node
    if value is None or isinstance(value, bool):
        return value is not False
    if isinstance(value, str):
        return at.condition(value, node, lambda definition: holds(at, definition))
    raise CompileError(f"a condition is a boolean, a name or a function, not {node.kind}", node.span)


def _equals(at: Instance, argument: Node, call: Mapping) -> bool:
    if not isinstance(argument, Sequence) or len(argument.items) != 2:
        raise CompileError("`equals` takes two values", argument.span, "write `equals: [this, that]`")
    left, right = (plain(at.evaluate(item)) for item in argument.items)
    for value in (left, right):
        if isinstance(value, str) and secret.names(value):
            raise CompileError(
                "`equals` needs the value of a secret, which only the push knows",
                call.span,
                "decide by a parameter that is not hidden",
            )
    return left == right


def _not(at: Instance, argument: Node, call: Mapping) -> bool:
    if isinstance(argument, Scalar) and argument.value is None:
        raise CompileError("`not` takes a condition", call.span, "write `not: name`")
    return not holds(at, argument)


def _and(at: Instance, argument: Node, call: Mapping) -> bool:
    return all(holds(at, item) for item in _several(argument, call))


def _or(at: Instance, argument: Node, call: Mapping) -> bool:
    return any(holds(at, item) for item in _several(argument, call))


def _several(argument: Node, call: Mapping) -> list[Node]:
    items = expect_sequence(argument, "its argument").items
    if len(items) < 2:
        raise CompileError("`and` and `or` take at least two conditions", call.span)
    return items


def _contains(at: Instance, _argument: Node, call: Mapping) -> bool:
    found = plain(at.evaluate(call))
    assert isinstance(found, bool)
    return found


_FUNCTIONS: dict[str, Callable[[Instance, Node, Mapping], bool]] = {
    "equals": _equals,
    "not": _not,
    "and": _and,
    "or": _or,
    "contains": _contains,
}
