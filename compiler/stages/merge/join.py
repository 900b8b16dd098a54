"""How two values of one parameter become one, by the type that its template declares."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from compiler.diagnostics import CompileError
from compiler.node import (
    Mapping,
    Node,
    Scalar,
    Sequence,
    is_null,
    mapping_of,
    node_of,
    scalar_of,
    sequence_of,
)


def joined(name: str, kind: str, below: Node | None, above: Node, *, deep: bool) -> Node:
    """The value of earlier files (None: they have none) and that of a later one, joined as Heat does.

    json: keys of both, with `deep` at any depth, and lists and strings within joined; null does not count.
    comma_delimited_list: one list behind the other, or one text. string: one text behind the other.
    Raises CompileError for all other types, and for values of two kinds.
    """
    join = _Join(name=name, deep=deep)
    by_type: dict[str, Callable[[Node | None, Node], Node]] = {
        "json": join.json,
        "comma_delimited_list": join.lists,
        "string": join.strings,
        "number": join.numbers,
    }
    if kind not in by_type:
        raise join.refused(f"Heat does not merge parameters of the type {kind}", above)
    return by_type[kind](below, above)


def type_by_value(below: Node | None, above: Node) -> str:
    """The type that a parameter must have whose declaration is not known."""
    if isinstance(below, Mapping) or isinstance(above, Mapping):
        return "json"
    if isinstance(below, Sequence) or isinstance(above, Sequence):
        return "comma_delimited_list"
    return "string"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Join:
    """Joins of one parameter. Any value replaces one that is false in Python (null, "", 0, [], {})."""

    name: str
    deep: bool

    def json(self, below: Node | None, above: Node) -> Node:
        """Mappings merged. Heat reads a text as JSON first; the empty one stays."""
        text = _text(above)
        try:
            return self._maps(below, node_of(json.loads(text), above) if text else above)
        except (ValueError, RecursionError):
            raise self.refused("it is not JSON", above) from None

    def _maps(self, below: Node | None, above: Node) -> Node:
        if below is None or _is_false(below):
            return above
        if not isinstance(above, Mapping):
            raise self._apart(below, above)
        values = {key: value for key, value in above.entries.items() if not is_null(value)}
        if not values:
            return below
        if not isinstance(below, Mapping):
            raise self._apart(below, above)
        for key, value in values.items() if self.deep else ():
            values[key] = self._deep(below.entries.get(key), value)
        return mapping_of(below.entries | values, above, below.keys | above.keys)

    def _deep(self, below: Node | None, above: Node) -> Node:
        if isinstance(above, Mapping):
            return self._maps(below, above)
        if isinstance(above, Sequence):
            return self.lists(below, above)
        return above if _text(above) is None else self.strings(below, above)

    def lists(self, below: Node | None, above: Node) -> Node:
        """One list behind the other; lists that are texts with a comma between."""
        if not isinstance(above, Sequence) and _text(above) is None:
            raise self._apart(below, above)
        if below is None or _is_false(below):
            return above
        if isinstance(below, Sequence) and isinstance(above, Sequence):
            return sequence_of(below.items + above.items, above)
        return self._texts(",", below, above)

    def strings(self, below: Node | None, above: Node) -> Node:
        """One text behind the other."""
        return self._texts("", scalar_of("", above) if below is None else below, above)

    def numbers(self, below: Node | None, above: Node) -> Node:
        """Numbers that are written as texts or lists, joined: Heat adds none."""
        if isinstance(below, Sequence) and isinstance(above, Sequence):
            return sequence_of(below.items + above.items, above)
        return self._texts("", below, above)

    def _texts(self, between: str, below: Node | None, above: Node) -> Node:
        first, second = _text(below), _text(above)
        if first is None or second is None:
            raise self._apart(below, above)
        return scalar_of(first + between + second, above)

    def _apart(self, below: Node | None, above: Node) -> CompileError:
        if below is None or below.kind == above.kind:
            return self.refused(f"{above.kind} cannot be joined with another value", above)
        return self.refused(f"it is {below.kind} in one environment and {above.kind} here", above)

    def refused(self, why: str, place: Node) -> CompileError:
        """The error for values that do not join."""
        return CompileError(
            f"`{self.name}` cannot be merged: {why}",
            place.span,
            "mappings, lists and strings merge with their own kind; use the strategy `overwrite`",
        )


def _text(node: Node | None) -> str | None:
    return node.value if isinstance(node, Scalar) and isinstance(node.value, str) else None


def _is_false(node: Node) -> bool:
    if isinstance(node, Mapping):
        return not node.entries
    if isinstance(node, Sequence):
        return not node.items
    return isinstance(node, Scalar) and not node.value
