"""The `yaql` function: an expression evaluated over plain values, as Heat does it.

The meaning of every expression is that of the `yaql` library. A tree of services, though, asks the same few
dozen functions about large lists, and the library takes 0.1 s to start and some 30 µs for each step of each
item. So expressions are compiled to closures first (`quick`), which answer only where they are certain to
give what the library gives; anything else, every mistake among it, is left to the library.
"""

from __future__ import annotations

from compiler.hot.yaql import quick
from compiler.hot.yaql.errors import NotSupported, YaqlError
from compiler.node import Plain

__all__ = ["YaqlError", "check", "evaluate"]


def evaluate(expression: str, data: Plain) -> Plain:
    """The value of an expression in which `$.data` is `data`.

    Iterators, views and tuples become lists, and the keys of a dict strings, as in JSON. Parts of the result
    may be parts of `data`, the very same objects; so neither may be changed. Raises YaqlError and nothing
    else, also for a result that JSON cannot say: a regular expression, a date, a set, which `$.data.keys()`
    and `$.data.items()` are too (but `$.data.keys().select($)` is a list).
    """
    try:
        return quick.evaluate(expression, data)
    except NotSupported:
        from compiler.hot.yaql import library

        return library.evaluate(expression, data)


def check(expression: str) -> None:
    """Raises YaqlError for a text that is not a yaql expression; what it would evaluate to is not asked."""
    if not quick.parses(expression):
        from compiler.hot.yaql import library

        library.check(expression)
