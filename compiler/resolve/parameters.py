"""Declared parameter types and constraints, as Heat reads them (heat/engine/parameters.py)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable

from compiler.diagnostics import CompileError
from compiler.model import secret
from compiler.node import (
    Mapping,
    Node,
    Plain,
    Scalar,
    Sequence,
    expect_keys,
    expect_mapping,
    expect_sequence,
    expect_string,
    node_of,
    plain,
    scalar_of,
    sequence_of,
)
from compiler.node.yaml import DEEPEST
from compiler.resolve.template import Declaration
from compiler.source import Span

_TRUE = frozenset(("1", "t", "true", "on", "y", "yes"))
_FALSE = frozenset(("0", "f", "false", "off", "n", "no"))


def checked(declaration: Declaration, value: Node) -> Node:
    """The value in the declared type; CompileError, at the value, if it has none or breaks a constraint."""
    try:
        converted = _CONVERSIONS[declaration.type](value)
    except ValueError:
        shown = _shown(declaration, value)
        raise CompileError(
            f"parameter `{declaration.name}` is a {declaration.type}, and {shown} is not one",
            _span(declaration, value),
            f"it is declared at {declaration.node.span.place}",
        ) from None
    for constraint in declaration.constraints:
        _check(declaration, converted, constraint)
    return converted


def _shown(declaration: Declaration, value: Node) -> str:
    if declaration.hidden:
        return "its value"
    if not isinstance(value, Scalar):
        return value.kind
    text = str(value.value)
    return f"`{text[:60]}…`" if len(text) > 60 else f"`{text}`"


def _span(declaration: Declaration, value: Node) -> Span:
    """The value's place, of a hidden parameter without the line that shows it."""
    return value.span.without_text() if declaration.hidden else value.span


def _string(value: Node) -> Node:
    if isinstance(value, Scalar) and isinstance(value.value, str):
        return value
    return scalar_of(str(plain(value)), value)


def _number(value: Node) -> Node:
    if not isinstance(value, Scalar) or value.value is None:
        raise ValueError
    if isinstance(value.value, int | float):
        return value
    text = value.value
    return scalar_of(int(text) if re.fullmatch(r"\s*[-+]?\d+\s*", text) else float(text), value)


def _boolean(value: Node) -> Node:
    if not isinstance(value, Scalar):
        raise ValueError
    if isinstance(value.value, bool):
        return value
    word = str(value.value).strip().lower()
    if word not in _TRUE | _FALSE:
        raise ValueError
    return scalar_of(word in _TRUE, value)


def _list(value: Node) -> Node:
    if isinstance(value, Sequence):
        return sequence_of([_string(item) for item in value.items], value)
    if not isinstance(value, Scalar) or not isinstance(value.value, str):
        raise ValueError
    return sequence_of(
        [scalar_of(part, value) for part in value.value.split(",")] if value.value else [], value
    )


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


def _check(declaration: Declaration, value: Node, constraint: Mapping) -> None:
    for name, rule in constraint.entries.items():
        if name == "description":
            continue
        if name not in _CONSTRAINTS:
            known = ", ".join(_CONSTRAINTS)
            raise CompileError(
                f"unknown constraint `{name}`", constraint.key_span(name), f"constraints are {known}"
            )
        if isinstance(value, Scalar) and secret.names(str(value.value)):
            raise CompileError(
                f"secret `{declaration.name}` has a constraint, which needs its value",
                rule.span,
                "take the constraint away, or give the value in an environment",
            )
        if not _CONSTRAINTS[name](value, rule):
            raise CompileError(
                _complaint(declaration, value, constraint, name),
                _span(declaration, value),
                _rule(name, rule),
            )


def _complaint(declaration: Declaration, value: Node, constraint: Mapping, name: str) -> str:
    described = constraint.entries.get("description")
    said = f": {plain(described)}" if described is not None else ""
    return (
        f"parameter `{declaration.name}`: {_shown(declaration, value)} breaks the constraint `{name}`{said}"
    )


def _rule(name: str, rule: Node) -> str:
    return f"{name} is {json.dumps(plain(rule))}, at {rule.span.place}"


def _allowed_values(value: Node, rule: Node) -> bool:
    allowed = plain(expect_sequence(rule, "`allowed_values`"))
    assert isinstance(allowed, list)
    wanted = plain(value)
    values = wanted if isinstance(wanted, list) else [wanted]
    return all(item in allowed or str(item) in map(str, allowed) for item in values)


def _allowed_pattern(value: Node, rule: Node) -> bool:
    try:
        match = re.match(expect_string(rule, "`allowed_pattern`"), str(plain(value)))
    except re.error as error:
        raise CompileError(f"`allowed_pattern` is no regular expression: {error}", rule.span) from None
    return match is not None and match.end() == len(str(plain(value)))


def _range(value: Node, rule: Node) -> bool:
    amount = value.value if isinstance(value, Scalar) else None
    return isinstance(amount, int | float) and _within(amount, rule)


def _length(value: Node, rule: Node) -> bool:
    content = plain(value)
    return isinstance(content, str | list | dict) and _within(len(content), rule)


def _within(amount: float, rule: Node) -> bool:
    bounds = expect_mapping(rule, "a range")
    expect_keys(bounds, frozenset(("min", "max")), "a range")
    lowest, highest = (_bound(bounds, name, amount) for name in ("min", "max"))
    return lowest <= amount <= highest


def _bound(bounds: Mapping, name: str, default: float) -> float:
    node = bounds.entries.get(name)
    if node is None:
        return default
    if not isinstance(node, Scalar) or not isinstance(node.value, int | float):
        raise CompileError(f"`{name}` must be a number, not {node.kind}", node.span)
    return node.value


_CONSTRAINTS: dict[str, Callable[[Node, Node], bool]] = {
    "allowed_values": _allowed_values,
    "allowed_pattern": _allowed_pattern,
    "range": _range,
    "length": _length,
}
