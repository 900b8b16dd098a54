"""The size of a value with everything in it, as often as it is in it."""

from __future__ import annotations

from collections.abc import ItemsView, Iterable, KeysView, ValuesView

from jinja2 import Undefined
from jinja2.exceptions import SecurityError

from compiler.meter import MOST_PARTS

MAX_LENGTH = 16 * 1024 * 1024
"""Maximum number of characters or items, in the whole text or in one value."""

_DATA: tuple[type, ...] = (
    *(str, bytes, int, float, type(None), Undefined, list, tuple, dict, set, range),
    *(KeysView, ValuesView, ItemsView),
)


def size(value: object) -> tuple[int, int]:
    """The parts of a value and the characters in it. Raises SecurityError as soon as they are too many."""
    parts = characters = 0
    waiting = [value]
    while waiting:
        part = waiting.pop()
        parts += 1
        if isinstance(part, str | bytes):
            characters += len(part)
        waiting.extend(_below(part))
        check_length(characters)
        if parts + len(waiting) > MOST_PARTS:
            refuse(f"a value of more than {MOST_PARTS:,} parts")
    return parts, characters


def _below(part: object) -> Iterable[object]:
    if isinstance(part, dict):
        return (*part, *part.values())
    return part if isinstance(part, list | tuple | set) else ()


def check_data(value: object) -> None:
    """Refuse to print what has no text of its own, or another one in every run: a function, a generator."""
    if not isinstance(value, _DATA) and not hasattr(value, "__html__"):
        refuse(f"it prints a {type(value).__name__}, which is not a value")


def check_length(length: int) -> None:
    """Refuse a text, or a list, that is too long."""
    if length > MAX_LENGTH:
        refuse(f"more than {MAX_LENGTH:,} characters")


def refuse(reason: str) -> None:
    """Raise SecurityError."""
    raise SecurityError(f"the template exceeds a limit: {reason}")
