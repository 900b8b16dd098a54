"""Limits of templates: steps, lengths, numbers and field widths beyond which they are refused."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from math import prod
from typing import Any

from compiler.jinja.sizes import check_length, refuse, size
from compiler.meter import CHARACTERS, Meter, OverBudgetError

_MAX_BITS = 4096
_MAX_PRECISION = 1000
# A format field whose width has six digits or is a value, in both of Python's formats.
_WIDE = re.compile(r"[{%][^{}%a-z]*\d{6}|\{[^{}]*\{|%[^a-z%]*\*", re.IGNORECASE)
_MULTIPLYING = frozenset(("center", "expandtabs", "join", "ljust", "replace", "rjust", "translate", "zfill"))
_SPLITTING = frozenset(("rsplit", "split", "splitlines"))
_FORMATTING = frozenset(("format", "format_map"))
_TURN, _FILTER, _CALL = 4, 8, 16  # steps of a turn of a loop, a filter and a call, by their time
_COMPARED = 64  # characters that are compared in one step


class Counter:
    """The budget of one rendering."""

    def __init__(self) -> None:
        self._meter = Meter()

    def spend(self, steps: int) -> None:
        """Take steps from it. Raises SecurityError if too few are left, as all functions here do."""
        try:
            self._meter.spend(steps)
        except OverBudgetError as error:
            refuse(str(error).replace("takes the evaluation over its budget of", "more than"))

    def call(self) -> None:
        """Take the steps of a call."""
        self.spend(_CALL)

    def filter(self) -> None:
        """Take the steps of a filter or a test."""
        self.spend(_FILTER)

    def turns(self, number: int) -> None:
        """Take the steps of so many turns of a loop."""
        self.spend(_TURN * number)

    def read(self, value: object, times: int = 1) -> None:
        """Take the steps of reading a value with all its parts, some of them several times."""
        if isinstance(value, str):
            self.spend(times * len(value) // _COMPARED)
        elif isinstance(value, list | tuple | dict | set):
            parts, characters = size(value)
            self.spend(times * (parts + characters // _COMPARED))

    def write(self, value: object) -> None:
        """Take the steps of making a text or a list."""
        if isinstance(value, str | bytes):
            self.spend(1 + len(value) // CHARACTERS)
        elif isinstance(value, list | tuple):
            self.spend(1 + len(value))

    def split(self, text: str, separator: object = None) -> None:
        """Take the steps of splitting a text, before it is done."""
        self.spend(text.count(separator) if isinstance(separator, str) and separator else len(text) // 2)

    def each(self, items: Iterable[Any]) -> Iterator[Any]:
        """The items, each of which takes the steps of a turn of a loop."""
        for item in items:
            self.spend(_TURN)
            yield item

    def range(self, *bounds: int) -> range:
        """A range, whose items take steps already."""
        numbers = range(*bounds)
        self.spend(len(numbers))
        return numbers


def joined(pieces: Iterable[str], counter: Counter) -> str:
    """The pieces as one text."""
    return "".join(listed(pieces, counter))


def listed(items: Iterable[Any], counter: Counter) -> list[Any]:
    """The items as a list, refused as soon as they are too large together."""
    length, items_so_far = 0, []
    for item in items:
        counter.spend(1)
        length += max(1, _length(item))
        check_length(length)
        items_so_far.append(item)
    return items_so_far


def _length(value: object) -> int:
    """The characters and parts of a value; 1 for anything else."""
    return len(value) if isinstance(value, str | bytes) else sum(size(value))


def check_product(*values: object) -> None:
    """Refuse values whose product is too large, such as a text and the replacement of its letters."""
    check_length(prod(max(1, abs(each) if isinstance(each, int) else _length(each)) for each in values))


def check_precision(*values: object) -> None:
    """Refuse to round to thousands of digits, for which a power of ten is computed."""
    if any(isinstance(value, int) and abs(value) > _MAX_PRECISION for value in values):
        refuse("a precision of thousands of digits")


def check_method(text: str, name: str, values: tuple[object, ...], counter: Counter) -> None:
    """Refuse a call of a string method whose result is too large."""
    if name in _SPLITTING:
        counter.split(text, *values[:1])
    elif name in _MULTIPLYING:
        check_product(text, *values)
    elif name in _FORMATTING:
        check_format(text, values)


def _check_times(left: object, right: object) -> None:
    if isinstance(left, int) and isinstance(right, int):
        if left.bit_length() + right.bit_length() > _MAX_BITS:
            refuse("a number with thousands of digits")
    elif not isinstance(left, float) and not isinstance(right, float):
        check_product(left, right)


def _check_power(left: object, right: object) -> None:
    if isinstance(left, int) and isinstance(right, int) and left.bit_length() * abs(right) > _MAX_BITS:
        refuse("a number with thousands of digits")


def _check_sum(left: object, right: object) -> None:
    if isinstance(left, str | list | tuple) and isinstance(right, str | list | tuple):
        check_length(len(left) + len(right))


def check_format(left: object, right: object) -> None:
    """Refuse `left % right`, or `left.format(…)`, if the text could be too long."""
    if isinstance(left, str):
        if _WIDE.search(left):
            refuse("a format field with a variable or very large width")
        check_length((left.count("{") + left.count("%")) * _length(right))


OPERATORS: Mapping[str, Callable[[object, object], None]] = {
    "*": _check_times,
    "**": _check_power,
    "+": _check_sum,
    "%": check_format,
}
