"""The library's functions, with what they do taken from the budget.

The library limits the items of one collection and the bytes of one value. A few such values multiply, and
what Python does in one go ends by itself only. So a call takes its steps before they are done.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Any

from yaql.language import contexts, specs

from compiler.hot import patterns
from compiler.hot.patterns import Matching
from compiler.hot.yaql.budget import meter, sizes, spend, write
from compiler.hot.yaql.errors import YaqlError
from compiler.meter import CHARACTERS, check_bits, check_parts

_CALL = 80  # steps that a call takes, by its time
_READ = 200  # parts of its arguments that a call may compare or hash in one step
_COLLECTIONS = (Mapping, AbstractSet, list, tuple)


class BoundedContext(contexts.Context):  # type: ignore[misc] # the library has no types
    """A context in which calls of functions take steps."""

    @staticmethod
    def _import_function_definition(fd: specs.FunctionDefinition) -> specs.FunctionDefinition:
        bounded = fd.clone()
        bounded.payload = _bounded(fd.name, fd.payload)
        return bounded


def _bounded(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    check = _CHECKS.get(name)

    def called(*args: Any, **kwargs: Any) -> Any:
        if name == "join":  # the library's would iterate over the items in one go
            args = tuple(map(_listed, args))
            kwargs = {key: _listed(value) for key, value in kwargs.items()}
        values = (*args, *kwargs.values())
        spend(_CALL + sum(map(_parts, values)) // _READ)
        if check is not None:
            check(*[value for value in values if isinstance(value, _DATA)])
        return _result(function(*args, **kwargs))

    return called


def _listed(value: Any) -> Any:
    """Items that are no list yet, such as those of a generator, a set, or the keys of a dict, as one."""
    return list(value) if isinstance(value, Iterable) and not isinstance(value, str | Mapping) else value


_DATA = (str, int, float, re.Pattern, *_COLLECTIONS)


def _result(value: Any) -> Any:
    if isinstance(value, Iterator) and iter(value) is value:
        return _counted(value)
    if isinstance(value, str):
        write(len(value))
    elif isinstance(value, int):
        check_bits(value.bit_length())
    _parts(value)
    return value


def _counted(values: Iterator[Any]) -> Iterator[Any]:
    for value in values:
        spend(1 + _parts(value) // _READ)
        yield value


def _parts(value: Any) -> int:
    """The parts of a value as a tree. Raises OverBudgetError for too many, before others walk over them."""
    if isinstance(value, str):
        return 1 + len(value) // CHARACTERS
    if isinstance(value, int):
        return 1 + value.bit_length() // 64
    if not isinstance(value, _COLLECTIONS):
        return 1
    known = sizes().get(id(value))
    if known is not None:
        return known[0]
    spend(len(value))
    below = (part for pair in value.items() for part in pair) if isinstance(value, Mapping) else value
    parts = 1 + sum(map(_parts, below))
    check_parts(parts)
    sizes()[id(value)] = (parts, value)
    return parts


def _multiplied(left: Any, right: Any) -> None:
    if isinstance(left, int) and isinstance(right, int):
        check_bits(left.bit_length() + right.bit_length())
    elif not isinstance(left, float) and not isinstance(right, float):
        many, times = (right, left) if isinstance(left, int) else (left, right)
        spend(max(0, len(many) * times))


def _raised(base: Any, exponent: Any, *modulus: Any) -> None:
    if isinstance(base, int) and isinstance(exponent, int) and not modulus:
        check_bits(base.bit_length() * abs(exponent))


def _shifted(value: Any, bits: Any) -> None:
    check_bits(value.bit_length() + max(0, bits))


def _matched(*values: Any) -> None:
    """A pattern, or a text and the text of one, in any order: each way of reading them is bounded."""
    texts = [value for value in values if isinstance(value, str)]
    compiled = [value for value in values if isinstance(value, re.Pattern)]
    for pattern in compiled or [patterns.compiled(texts[-1])]:
        for text in texts:
            patterns.check(pattern, text, Matching.EVERY, meter())


def _replaced(*values: Any) -> None:
    texts = [value for value in values if isinstance(value, str)]
    if any(isinstance(value, re.Pattern) for value in values):
        _matched(*values)
        most = len(texts[0]) + 1
        write(most * max(len(text) * (1 + text.count("\\") * most) for text in texts[1:] or [""]))
    elif len(texts) > 2 and texts[1]:
        write(texts[0].count(texts[1]) * len(texts[2]))
    elif texts and isinstance(values[1], Mapping):
        longest = max((len(str(value)) for value in values[1].values()), default=0)
        spend(len(values[1]))
        write((len(texts[0]) + 1) * longest * len(values[1]))


def _joined(*values: Any) -> None:
    texts = [each for each in values if isinstance(each, str)]
    items = [each for each in values if isinstance(each, list)]
    for separator in texts:
        write(sum(len(separator) + CHARACTERS * _parts(each) for each in items[0]))


def _split(text: Any, *_: Any) -> None:
    if isinstance(text, str):
        spend(len(text) // 2)
    else:
        _matched(text, *_)


def _refuse(reason: str) -> Callable[..., None]:
    def refused(*_: Any) -> None:
        raise YaqlError(reason)

    return refused


_CHECKS: dict[str, Callable[..., None]] = {
    "#operator_*": _multiplied,
    "#operator_=~": _matched,
    "#operator_!~": _matched,
    "format": lambda text, *values: write(
        len(text) + text.count("{") * CHARACTERS * max(map(_parts, values), default=0)
    ),
    "join": _joined,
    "localtz": _refuse("`localtz` is another one on every machine"),
    "matches": _matched,
    "now": _refuse("`now` has another value each time"),
    "pow": _raised,
    "random": _refuse("`random` has another value each time"),
    "replace": _replaced,
    "replaceBy": _matched,
    "rightSplit": _split,
    "search": _matched,
    "searchAll": _matched,
    "shiftBitsLeft": _shifted,
    "split": _split,
    "toCharArray": _split,
}
