"""The `yaql` library itself, started when it is first needed."""

from __future__ import annotations

import collections.abc  # noqa: F401 - yaql 3 uses it without importing it
import json
import re
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from typing import Any

import yaql
from yaql.language import exceptions, specs, yaqltypes
from yaql.language.conventions import CamelCaseConvention

from compiler.hot.yaql.bounds import BoundedContext
from compiler.hot.yaql.errors import YaqlError
from compiler.hot.yaql.formatting import formatted
from compiler.hot.yaql.sets import Ordered
from compiler.node import Plain

# Far above what Heat allows (200 items, 10,000 bytes, unless raised), but endless evaluation ends.
MOST_ITEMS = 100_000
MOST_BYTES = 256 * 1024 * 1024

# What the functions of the library, and the Python functions they call, raise for invalid arguments.
_MISTAKES = (
    exceptions.YaqlException,
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    StopIteration,
    TypeError,
    ValueError,
    re.error,
)


def evaluate(expression: str, data: Plain) -> Plain:
    """The expression's value; YaqlError for whatever is wrong with it."""
    try:
        statement = _parsed(expression)
        return _plain(statement.evaluate({"data": data}, _context().create_child_context()))
    except _MISTAKES as mistake:
        raise YaqlError(_reason(mistake)) from None


def check(expression: str) -> None:
    """Raise YaqlError if the text is not an expression."""
    try:
        _parsed(expression)
    except _MISTAKES as mistake:
        raise YaqlError(_reason(mistake)) from None


@lru_cache(maxsize=1024)
def _parsed(expression: str) -> Any:
    return _engine()(expression)


@cache
def _engine() -> Any:
    return yaql.YaqlFactory().create({"yaql.limitIterators": MOST_ITEMS, "yaql.memoryQuota": MOST_BYTES})


@cache
def _context() -> Any:
    """The standard functions, and over them ours."""
    context = yaql.create_context(context=BoundedContext(convention=CamelCaseConvention()))
    context = context.create_child_context()
    specs.parameter("template", yaqltypes.String())(_format)
    specs.parameter("iterator", yaqltypes.Iterator())(_len)
    specs.parameter("collection", yaqltypes.Iterable())(_to_set)
    for function, name in ((_format, "format"), (_len, "len")):
        context.register_function(specs.extension_method(function), name=name)
    context.register_function(specs.method(_to_set), name="toSet")
    return context


def _format(template: str, *values: Any, **named: Any) -> str:
    return formatted(template, *values, **named)


def _to_set(collection: Iterable[Any]) -> Ordered:
    return Ordered(collection)


def _len(iterator: Iterator[Any]) -> int:
    """Like the library's own, but within its limit on items, so that an endless iterator ends."""
    return sum(1 for _ in iterator)


def _plain(value: Any) -> Plain:
    """A result as plain values."""
    if isinstance(value, dict):
        return {_key(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, (str, int, float)):
        return value
    raise TypeError(f"the result contains {_kind(value)}, which is not valid JSON")


def _key(key: Any) -> str:
    if isinstance(key, str):
        return key
    if key is None or isinstance(key, (bool, int, float)):
        return json.dumps(key)
    raise TypeError(f"a key of the result is {_kind(key)}, which is not valid JSON")


def _kind(value: Any) -> str:
    return "a set" if isinstance(value, set) else f"a `{type(value).__name__}`"


_REASONS: dict[type[BaseException], str] = {
    exceptions.CollectionTooLargeException: f"a collection has more than {MOST_ITEMS} items",
    exceptions.MemoryQuotaExceededException: "the values take too much memory",
    IndexError: "list index out of range",
    MemoryError: "the values take too much memory",
    RecursionError: "the expression or its data is nested too deeply",
    StopIteration: "the collection is empty, or has too few items",
}
_PHRASES = {
    "Cannot merge ": "`mergeWith` cannot merge a dict or a list with a value of another type",
    "reduce() of empty": "the collection is empty, and there is no initial value",
    "unhashable type": "a list or a dict made by the expression cannot be a key",
}
_NAMED = re.compile(r'"(?:#(?:unary_)?operator_|#property#|[#*])?([^"]*)"')


def _reason(mistake: BaseException) -> str:
    """The reason in one line; the library's own messages contain whole values."""
    if isinstance(mistake, exceptions.YaqlParsingException):
        return _parsing_reason(mistake)
    if isinstance(mistake, KeyError):
        return f"there is no key `{mistake.args[0] if mistake.args else ''}`"
    if isinstance(mistake, re.error):
        return f"not a valid regular expression: {mistake.msg}"
    found = _NAMED.search(str(mistake))
    if isinstance(mistake, exceptions.FunctionResolutionError | exceptions.MethodResolutionError) and found:
        return _call_reason(mistake, found[1])
    return _REASONS.get(type(mistake)) or _shortened(str(mistake)) or type(mistake).__name__


def _shortened(text: str) -> str:
    ours = next((words for start, words in _PHRASES.items() if text.startswith(start)), None)
    return ours or text.partition("\n")[0]


def _parsing_reason(mistake: Any) -> str:
    if mistake.position is None:
        return "not a valid expression: unexpected end"
    return f"not a valid expression: unexpected `{mistake.value}` at position {mistake.position}"


def _call_reason(mistake: BaseException, name: str) -> str:
    if '"#property#' in str(mistake):
        return f"the value has no member `{name}`"
    unknown = exceptions.NoFunctionRegisteredException | exceptions.NoMethodRegisteredException
    return (
        f"yaql has no `{name}`" if isinstance(mistake, unknown) else f"`{name}` does not accept these values"
    )
