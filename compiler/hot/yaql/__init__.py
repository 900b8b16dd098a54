"""The `yaql` function: an expression evaluated over plain values, as Heat does it.

The meaning of every expression is that of the `yaql` library. But a tree of services calls the same few dozen
functions on large lists, and the library takes 0.1 s to start and some 30 µs for each step of each item.
So expressions are first compiled to closures (`quick`), which return a value only if the library certainly
returns the same; everything else, mistakes included, is left to the library.

library     the library, started when needed   quick      expressions as closures
syntax      expressions as trees               values     what expressions work with
functions   functions and methods by name      operators  operators by their signs
formatting  `format`, which yaql 3.0 removed   sets       sets with a deterministic order
errors      what evaluating can raise         budget     the steps that evaluating may take
bounds      the library's calls, in steps        queries    methods that evaluate for each item
"""

from __future__ import annotations

from compiler.hot.yaql import quick
from compiler.hot.yaql.budget import spending
from compiler.hot.yaql.errors import NotSupported, YaqlError
from compiler.meter import Meter
from compiler.node import Plain

__all__ = ["YaqlError", "check", "evaluate"]


LONGEST = 100_000
"""Characters of an expression."""


def evaluate(expression: str, data: Plain, meter: Meter | None = None) -> Plain:
    """The value of an expression in which `$.data` is `data`; its steps are taken from the meter.

    Iterators, views and tuples become lists, and the keys of a dict strings, as in JSON. Parts of the result
    may be parts of `data`, the very same objects; so neither may be changed. Raises OverBudgetError, or
    YaqlError for all else, also for a result that is not valid JSON: a regular expression, a date, a set,
    which `$.data.keys()` and `$.data.items()` are too (but `$.data.keys().select($)` is a list).
    """
    _check_length(expression)
    with spending(meter or Meter()):
        try:
            return quick.evaluate(expression, data)
        except NotSupported:
            from compiler.hot.yaql import library

            return library.evaluate(expression, data)


def check(expression: str) -> None:
    """Raise YaqlError for a text that is not a yaql expression; it is not evaluated."""
    _check_length(expression)
    if not quick.parses(expression):
        from compiler.hot.yaql import library

        library.check(expression)


def _check_length(expression: str) -> None:
    if len(expression) > LONGEST:
        raise YaqlError(f"the expression has more than {LONGEST:,} characters")
