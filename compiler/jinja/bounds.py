"""Limits of templates: lengths, numbers and field widths beyond which they are refused."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from math import prod
from typing import Any, NoReturn

from jinja2.exceptions import SecurityError

MAX_LENGTH = 16 * 1024 * 1024
"""Maximum number of characters or items, in the whole text or in one value."""
MAX_STEPS = 1_000_000
"""Maximum number of steps of all ranges in one rendering."""
_MAX_BITS = 4096
# A format field whose width has six digits or is a value, in both of Python's formats.
_WIDE = re.compile(r"[{%][^{}%a-z]*\d{6}|\{[^{}]*\{|%[^a-z%]*\*", re.IGNORECASE)
_MULTIPLYING = frozenset(("center", "expandtabs", "join", "ljust", "replace", "rjust", "translate", "zfill"))
_FORMATTING = frozenset(("format", "format_map"))


def joined(pieces: Iterable[str]) -> str:
    """The pieces as one text. Raises SecurityError if it is too long, as all functions here do."""
    return "".join(listed(pieces))


def listed(items: Iterable[Any]) -> list[Any]:
    """The items as a list, refused as soon as they are too large together."""
    size, items_so_far = 0, []
    for item in items:
        size += max(1, _size(item))
        _check_size(size)
        items_so_far.append(item)
    return items_so_far


def counted_range() -> Callable[..., range]:
    """A `range` for one rendering, with at most MAX_STEPS steps in total."""
    steps = 0

    def counted(*bounds: int) -> range:
        nonlocal steps
        wanted = range(*bounds)
        steps += len(wanted)
        if steps > MAX_STEPS:
            _refuse(f"more than {MAX_STEPS:,} steps in its ranges")
        return wanted

    return counted


def _refuse(reason: str) -> NoReturn:
    raise SecurityError(f"the template exceeds a limit: {reason}")


def _check_size(size: int) -> None:
    if size > MAX_LENGTH:
        _refuse(f"more than {MAX_LENGTH:,} characters")


def check_product(*values: object) -> None:
    """Refuse values whose product is too large, such as a text and the replacement of its letters."""
    _check_size(prod(max(1, abs(value) if isinstance(value, int) else _size(value)) for value in values))


def _size(value: object) -> int:
    """The length of a text, the total of a collection, 1 for anything else."""
    match value:
        case str() | bytes():
            return len(value)
        case list() | tuple() | set():
            return sum(max(1, _size(item)) for item in value)
        case dict():
            return sum(max(1, _size(item)) for item in value.values())
    return 1


def check_method(text: str, name: str, values: tuple[object, ...]) -> None:
    """Refuse a call of a string method whose result is too large."""
    if name in _MULTIPLYING:
        check_product(text, *values)
    elif name in _FORMATTING:
        check_format(text, values)


def _check_times(left: object, right: object) -> None:
    if isinstance(left, int) and isinstance(right, int):
        if left.bit_length() + right.bit_length() > _MAX_BITS:
            _refuse("a number with thousands of digits")
    elif not isinstance(left, float) and not isinstance(right, float):
        check_product(left, right)


def _check_power(left: object, right: object) -> None:
    if isinstance(left, int) and isinstance(right, int) and left.bit_length() * abs(right) > _MAX_BITS:
        _refuse("a number with thousands of digits")


def _check_sum(left: object, right: object) -> None:
    if isinstance(left, str | list | tuple) and isinstance(right, str | list | tuple):
        _check_size(len(left) + len(right))


def check_format(left: object, right: object) -> None:
    """Refuse `left % right`, or `left.format(…)`, if the text could be too long."""
    if isinstance(left, str):
        if _WIDE.search(left):
            _refuse("a format field with a variable or very large width")
        _check_size((left.count("{") + left.count("%")) * _size(right))


OPERATORS: Mapping[str, Callable[[object, object], None]] = {
    "*": _check_times,
    "**": _check_power,
    "+": _check_sum,
    "%": check_format,
}
