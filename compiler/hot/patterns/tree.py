"""Patterns as trees: what `re` itself makes of them before it compiles them.

These modules of the standard library are not documented, but the same since Python 3.11, and the tests
compare each of their operators with `re`.
"""

from __future__ import annotations

import re
from re import _compiler, _parser  # type: ignore[attr-defined]
from typing import Any

REPEATS = frozenset(("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"))
SINGLE = frozenset(("ANY", "IN", "LITERAL", "NOT_LITERAL"))
"""Operators that match one character."""


def parsed(pattern: re.Pattern[str]) -> Any:
    """The pattern's tree: pairs of an operator and its argument."""
    return _parser.parse(pattern.pattern, pattern.flags)


def part(tree: Any, item: tuple[Any, Any], add: int, remove: int) -> re.Pattern[str]:
    """A pattern of one item, with the flags of its tree and those that a scope adds or removes."""
    state = _parser.State()
    state.flags = tree.state.flags
    items = _parser.SubPattern(state, [item])
    if add or remove:
        items = _parser.SubPattern(state, [(_parser.SUBPATTERN, (None, add, remove, items))])
    compiled: re.Pattern[str] = _compiler.compile(items)
    return compiled
