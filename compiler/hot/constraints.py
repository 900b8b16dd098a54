"""Constraints of parameters (heat/engine/constraints.py): read where they are declared, checked on values."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass

from compiler.diagnostics import CompileError, closest
from compiler.hot import patterns
from compiler.hot.versions import Version
from compiler.meter import Meter, OverBudgetError
from compiler.node import (
    Mapping,
    Node,
    Plain,
    Scalar,
    expect_keys,
    expect_mapping,
    expect_sequence,
    expect_string,
    plain,
)

Holds = Callable[[Plain], bool]  # raises TypeError or ValueError for values of another type
Number = int | float


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraint:
    """One constraint: its name, its rule as written, and whether a value satisfies it."""

    name: str
    rule: Node
    holds: Holds
    description: str | None

    def violated_by(self, value: Plain) -> bool:
        """Whether the value violates it; a value of the wrong type does."""
        try:
            return not self.holds(value)
        except (TypeError, ValueError, OverflowError):
            return True

    @property
    def rule_text(self) -> str:
        """The rule as a hint shows it."""
        return f"the constraint is `{self.name}: {json.dumps(plain(self.rule))}`, at {self.rule.span.place}"


def constraint(node: Mapping, kind: str, version: Version) -> Constraint:
    """The constraint of a parameter of type `kind` in a mapping such as `range: {min: 1}`.

    Of several in one mapping Heat uses the first in the order of the table below and ignores the rest.
    """
    known = frozenset((*_CONSTRAINTS, "description"))
    expect_keys(node, known, "a constraint")
    name = next((name for name in _CONSTRAINTS if name in node.entries), None)
    if name is None or (name == "modulo" and version < Version.OCATA):
        raise CompileError("the constraint is empty", node.span, f"use one of {', '.join(_CONSTRAINTS)}")
    read, kinds = _CONSTRAINTS[name]
    if kind not in kinds:
        hint = closest(name, [each for each, (_, types) in _CONSTRAINTS.items() if kind in types])
        raise CompileError(f"the constraint `{name}` does not apply to a {kind}", node.key_span(name), hint)
    described = node.entries.get("description")
    text = described.value if isinstance(described, Scalar) else None
    rule = node.entries[name]
    return Constraint(
        name=name, rule=rule, holds=read(rule, kind), description=None if text is None else str(text)
    )


def _range(rule: Node, _: str) -> Holds:
    lowest, highest = _bounds(rule, "range")
    return lambda value: _within(number(value), lowest, highest)


def _length(rule: Node, _: str) -> Holds:
    bounds = _bounds(rule, "length")
    if not all(bound is None or isinstance(bound, int) for bound in bounds):
        raise CompileError("the bounds of `length` must be whole numbers", rule.span)

    def holds(value: Plain) -> bool:
        if not isinstance(value, str | list | dict):
            raise TypeError
        return _within(len(value), *bounds)

    return holds


def _bounds(rule: Node, name: str) -> tuple[Number | None, Number | None]:
    bounds = expect_mapping(rule, f"`{name}`")
    expect_keys(bounds, frozenset(("min", "max")), f"`{name}`")
    lowest, highest = (_bound(bounds, key) for key in ("min", "max"))
    if lowest is None and highest is None:
        raise CompileError(f"`{name}` has no bounds", rule.span, "set `min`, `max` or both")
    return lowest, highest


def _bound(bounds: Mapping, name: str) -> Number | None:
    node = bounds.entries.get(name)
    if node is None or (isinstance(node, Scalar) and node.value is None):
        return None
    try:
        return number(plain(node))
    except (TypeError, ValueError, OverflowError):
        raise CompileError(f"`{name}` must be a number, not {node.kind}", node.span) from None


def _within(amount: Number, lowest: Number | None, highest: Number | None) -> bool:
    return not (lowest is not None and amount < lowest) and not (highest is not None and amount > highest)


def _modulo(rule: Node, _: str) -> Holds:
    fields = expect_mapping(rule, "`modulo`")
    expect_keys(fields, frozenset(("step", "offset")), "`modulo`")
    step, offset = (_bound(fields, key) for key in ("step", "offset"))
    form = "write `modulo: {step: 2, offset: 1}`"
    if step is None or offset is None:
        raise CompileError("`modulo` needs a `step` and an `offset`", rule.span, form)
    if not (math.isfinite(step) and math.isfinite(offset) and int(step) == step and int(offset) == offset):
        raise CompileError("`step` and `offset` must be whole numbers", rule.span, form)
    if step == 0 or abs(offset) >= abs(step) or step * offset < 0:
        hint = "the offset must be closer to 0 than the step, and have the same sign"
        raise CompileError(f"no number can match a step of {step} and an offset of {offset}", rule.span, hint)
    return lambda value: number(value) % step == offset


def _allowed_values(rule: Node, kind: str) -> Holds:
    allowed = plain(expect_sequence(rule, "`allowed_values`"))
    assert isinstance(allowed, list)

    def holds(value: Plain) -> bool:
        if isinstance(value, list):
            return all(item in allowed for item in value)
        return _typed(kind, value) in [_typed(kind, item) for item in allowed]

    return holds


def _typed(kind: str, value: Plain) -> Plain:
    if kind == "string":
        return str(value)
    if kind == "number":
        return number(value)
    return boolean(value) if kind == "boolean" else value


def _allowed_pattern(rule: Node, _: str) -> Holds:
    try:
        pattern = patterns.compiled(expect_string(rule, "`allowed_pattern`"))
    except (re.error, OverBudgetError) as error:
        raise CompileError(
            f"`allowed_pattern` is not a valid regular expression: {error}", rule.span
        ) from None

    def holds(value: Plain) -> bool:
        if not isinstance(value, str):
            raise TypeError
        patterns.check(pattern, value, patterns.Matching.START, Meter())
        match = pattern.match(value)
        return match is not None and match.end() == len(value)

    return holds


def _custom(rule: Node, _: str) -> Holds:
    """Heat's `nova.flavor` and the like. Every value satisfies them, as there is no cloud to ask."""
    expect_string(rule, "`custom_constraint`")
    return lambda _: True


_CONSTRAINTS: dict[str, tuple[Callable[[Node, str], Holds], frozenset[str]]] = {
    "modulo": (_modulo, frozenset(("number",))),
    "range": (_range, frozenset(("number",))),
    "length": (_length, frozenset(("string", "comma_delimited_list", "json"))),
    "allowed_values": (
        _allowed_values,
        frozenset(("string", "number", "boolean", "comma_delimited_list")),
    ),
    "allowed_pattern": (_allowed_pattern, frozenset(("string",))),
    "custom_constraint": (_custom, frozenset(("string", "number", "boolean", "comma_delimited_list"))),
}

CONSTRAINTS = tuple(_CONSTRAINTS)


def number(value: Plain) -> Number:
    """A number, or a string converted to one. Raises TypeError or ValueError."""
    if isinstance(value, int | float):
        return value
    if not isinstance(value, str):
        raise TypeError
    try:
        return int(value)
    except ValueError:
        return float(value)


_TRUE = frozenset(("1", "t", "true", "on", "y", "yes"))
_FALSE = frozenset(("0", "f", "false", "off", "n", "no"))


def boolean(value: Plain) -> bool:
    """A boolean, or a word that Heat reads as one. Raises ValueError."""
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if word not in _TRUE | _FALSE:
        raise ValueError
    return word in _TRUE
