"""How many steps a pattern can take at most, from its shape alone."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import lru_cache
from re import Pattern
from typing import Any

from compiler.hot.patterns.tree import REPEATS, parsed


def most_steps(pattern: Pattern[str], length: int) -> float:
    """An upper bound of the steps of one attempt on a text of that length, which may be infinite."""
    return _paths(_tree(pattern), length) * (length + len(pattern.pattern) + 1)


@lru_cache(maxsize=1024)
def _tree(pattern: Pattern[str]) -> Any:
    return parsed(pattern)


def _paths(items: Iterable[tuple[Any, Any]], length: int) -> float:
    """The number of ways in which a sequence can match, which backtracking may try one after the other."""
    return math.prod(_item_paths(str(operator), argument, length) for operator, argument in items)


def _item_paths(operator: str, argument: Any, length: int) -> float:
    match operator, argument:
        case "SUBPATTERN", (_, _, _, inner):
            return _paths(inner, length)
        case "ATOMIC_GROUP", inner:
            return _paths(inner, length)
        case "ASSERT" | "ASSERT_NOT", (_, inner):
            return _paths(inner, length)
        case "BRANCH", (_, branches):
            return sum(_paths(branch, length) for branch in branches)
        case "GROUPREF_EXISTS", (_, yes, no):
            return _paths(yes, length) + _paths(no or (), length)
        case _ if operator in REPEATS:
            least, most, body = argument
            return _repeated(body, int(least), int(most), length)
    return 1


def _repeated(body: Any, least: int, most: int, length: int) -> float:
    """A body with one way ends after each repetition; one with several has them in each."""
    ways = _paths(body, length)
    times = min(most, max(least, length + 1))
    return times + 1 if ways <= 1 else _power(ways + 1, times)


def _power(ways: float, times: int) -> float:
    try:
        return float(ways) ** times
    except OverflowError:
        return math.inf
