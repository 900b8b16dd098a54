"""Values of parameters in their declared types, as Heat reads them (heat/engine/parameters.py)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable

from compiler.diagnostics import CompileError, Problem
from compiler.hot.constraints import Constraint, boolean, number
from compiler.hot.template import Declaration
from compiler.meter import OverBudgetError
from compiler.model import secret
from compiler.node import Node, Plain, Scalar, Sequence, node_of, plain, scalar_of, sequence_of
from compiler.node.hidden import holds_hidden, made_of
from compiler.node.yaml import DEEPEST
from compiler.source import Span

_TYPES = {
    "string": "a string",
    "number": "a number",
    "boolean": "a boolean",
    "json": "JSON",
    "comma_delimited_list": "a comma-delimited list",
}
_PARSED = frozenset(("json", "comma_delimited_list"))  # constraints see these values parsed, others raw


OnBroken = Callable[[CompileError], None]  # called with the violated constraints of a value


def parameter_value(declaration: Declaration, value: Node, on_broken: OnBroken) -> Node:
    """The value in the declared type. Raises CompileError at a value that does not convert."""
    try:
        converted = _CONVERSIONS[declaration.type](value)
    except (TypeError, ValueError, OverflowError):
        raise _wrong_type(declaration, value) from None
    if declaration.constraints:
        _check(declaration, value, plain(converted if declaration.type in _PARSED else value), on_broken)
    return converted


def _wrong_type(declaration: Declaration, value: Node) -> CompileError:
    expected = f"parameter `{declaration.name}` must be {_TYPES[declaration.type]}"
    message = expected if _is_hidden(declaration, value) else f"{expected}, not {_shown(declaration, value)}"
    return CompileError(message, _span(declaration, value), f"declared at {declaration.node.span.place}")


def check_default(declaration: Declaration, default: Node | None, on_broken: OnBroken) -> None:
    """Check a default, which must satisfy the constraints even where another value overrides it."""
    if not declaration.constraints or default is None:
        return
    value = plain(default)
    if declaration.type == "comma_delimited_list" and value is not None:
        value = plain(_default_list(declaration, default))
    if value is not None:
        _check(declaration, default, value, on_broken)


def _default_list(declaration: Declaration, default: Node) -> Node:
    try:
        return _list(default, empty=[""])
    except (TypeError, ValueError, OverflowError):
        raise CompileError(
            f"the default of parameter `{declaration.name}` is not a list", _span(declaration, default)
        ) from None


def _check(declaration: Declaration, node: Node, value: Plain, on_broken: OnBroken) -> None:
    if isinstance(value, str) and secret.names(value):
        raise CompileError(
            f"secret `{declaration.name}` has a constraint, but its value is known only when pushing",
            declaration.constraints[0].rule.span,
            "remove the constraint, or set the value in an environment file",
        )
    place = _span(declaration, node)
    broken = [
        Problem(_violation(declaration, node, constraint), place, constraint.rule_text)
        for constraint in declaration.constraints
        if _is_violated(constraint, declaration, value)
    ]
    if broken:
        on_broken(CompileError.of(broken))


def _violation(declaration: Declaration, node: Node, constraint: Constraint) -> str:
    described = f": {constraint.description}" if constraint.description else ""
    problem = f"{_shown(declaration, node)} violates the constraint `{constraint.name}`{described}"
    return f"parameter `{declaration.name}`: {problem}"


def _is_violated(constraint: Constraint, declaration: Declaration, value: Plain) -> bool:
    try:
        return constraint.violated_by(value)
    except OverBudgetError as error:
        raise CompileError(
            f"checking `{constraint.name}` of parameter `{declaration.name}` {error}",
            constraint.rule.span,
            "write a pattern that repeats nothing that itself repeats",
        ) from None


def _is_hidden(declaration: Declaration, value: Node) -> bool:
    """Whether the value of a parameter is hidden, or the one that it is passed from a hidden one."""
    return declaration.hidden or holds_hidden(value)


def _shown(declaration: Declaration, value: Node) -> str:
    if _is_hidden(declaration, value):
        return "its value"
    if not isinstance(value, Scalar):
        return value.kind
    text = str(value.value)
    return f"`{text[:60]}…`" if len(text) > 60 else f"`{text}`"


def _span(declaration: Declaration, value: Node) -> Span:
    """The value's place, of a hidden parameter without the line that shows it."""
    return value.span.without_text() if _is_hidden(declaration, value) else value.span


def _string(value: Node) -> Node:
    if isinstance(value, Scalar) and isinstance(value.value, str):
        return value
    return scalar_of(str(plain(value)), made_of(value, value))


def _number(value: Node) -> Node:
    if isinstance(value, Scalar) and isinstance(value.value, int | float):
        return value
    return scalar_of(number(plain(value)), value)


def _boolean(value: Node) -> Node:
    if isinstance(value, Scalar) and isinstance(value.value, bool):
        return value
    return scalar_of(boolean(plain(value)), value)


def _list(value: Node, empty: list[str] | None = None) -> Node:
    if isinstance(value, Sequence):
        return sequence_of([_string(item) for item in value.items], value)
    if not isinstance(value, Scalar) or not isinstance(value.value, str):
        raise TypeError
    parts = value.value.split(",") if value.value else empty or []
    return sequence_of([scalar_of(part, value) for part in parts], value)


def _json(value: Node) -> Node:
    if not isinstance(value, Scalar) or not isinstance(value.value, str) or value.value == "":
        return value
    try:
        parsed: Plain = json.loads(value.value)
    except RecursionError:
        raise ValueError from None
    if _depth(parsed) > DEEPEST:
        raise ValueError
    return node_of(parsed, value)


def _depth(value: Plain) -> int:
    depth, level = 0, [value]
    while level:
        depth += 1
        level = [below for each in level for below in _below(each)]
    return depth


def _below(value: Plain) -> Iterable[Plain]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


_CONVERSIONS: dict[str, Callable[[Node], Node]] = {
    "string": _string,
    "number": _number,
    "boolean": _boolean,
    "comma_delimited_list": _list,
    "json": _json,
}
