"""Regular expressions of templates, as Python's `re` matches them, and bounded.

`re` backtracks, and a short pattern such as `^(a+)+$` can take it years. Another engine would match other
texts: RE2 knows no look-around, and other classes. So `re` does the matching, once it is certain how long it
takes: from the shape of the pattern (`shape`), or where that does not suffice from doing the same steps here,
counted (`program`, `steps`). A step costs more here than in `re`, so whatever passes is quick there.

shape     an upper bound of the steps, from the pattern and the length of the text
tree      a pattern as `re` reads it
program   a pattern as instructions
steps     carrying them out, step by step
"""

from __future__ import annotations

import re
from enum import Enum
from functools import lru_cache

from compiler.hot.patterns.program import PatternProgram, program
from compiler.hot.patterns.shape import most_steps
from compiler.hot.patterns.steps import end_of_match
from compiler.meter import Meter, OverBudgetError

LONGEST = 10_000
"""Characters of a pattern: its own reading takes time as well."""
_CERTAIN = 2_000_000  # steps that `re` does in some 20 ms
_STEPS_OF_RE = 256  # that take as long as one of the budget


class Matching(Enum):
    """Where matches are looked for."""

    START = "start"  # at the beginning of the text
    FIRST = "first"  # at every place, until there is one
    EVERY = "every"  # at every place, one after the other


@lru_cache(maxsize=1024)
def compiled(pattern: str) -> re.Pattern[str]:
    """The pattern for `re`. Raises re.error if it is not valid, and OverBudgetError if it is too long."""
    if len(pattern) > LONGEST:
        raise OverBudgetError(f"has a regular expression of more than {LONGEST:,} characters")
    try:
        return re.compile(pattern)
    except (RecursionError, OverflowError):
        raise re.error("nested too deeply, or too many repetitions") from None


def check(pattern: re.Pattern[str], text: str, matching: Matching, meter: Meter) -> None:
    """Take the steps of looking for matches from a budget. Raises OverBudgetError if they are too many."""
    starts = 1 if matching is Matching.START else len(text) + 1
    bound = starts * most_steps(pattern, len(text))
    if bound <= _CERTAIN:
        meter.spend(1 + int(bound) // _STEPS_OF_RE)
    else:
        _walk(_program(pattern), text, matching, meter)


def _walk(instructions: PatternProgram, text: str, matching: Matching, meter: Meter) -> None:
    start = 0
    while start <= len(text):
        end = end_of_match(instructions, text, start, meter)
        if matching is Matching.START or (end is not None and matching is Matching.FIRST):
            return
        start = max(start + 1, start if end is None else end)


@lru_cache(maxsize=256)
def _program(pattern: re.Pattern[str]) -> PatternProgram:
    return program(pattern)
