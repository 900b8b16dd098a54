"""The keys of a definition, each read as its type. The schema has checked their values."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from compiler.node import Mapping, Plain, Sequence, plain

T = TypeVar("T")


class Keys:
    """The keys of a mapping that are set: null means that a key is not."""

    def __init__(self, node: Mapping) -> None:
        self.node = node
        self._values = {
            key: value for key, entry in node.entries.items() if (value := plain(entry)) is not None
        }

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def _read(self, key: str, convert: Callable[[Plain], T]) -> T | None:
        return convert(self._values[key]) if key in self else None

    def _items(self, key: str) -> list[Plain]:
        """A list, or the one value as a list; empty if the key is not set."""
        value = self._values.get(key, [])
        return value if isinstance(value, list) else [value]

    def flag(self, key: str) -> bool:
        """Whether it is true."""
        return self._values.get(key) is True

    def text(self, key: str) -> str | None:
        """Text, or a number as text."""
        return self._read(key, str)

    def required(self, key: str) -> str:
        """Text that the schema requires."""
        text = self.text(key)
        assert text is not None
        return text

    def number(self, key: str) -> int | None:
        """A whole number."""
        return self._read(key, _number)

    def numbers(self, key: str) -> tuple[int, ...]:
        """A list of whole numbers."""
        return tuple(map(_number, self._items(key)))

    def seconds(self, key: str, default: int) -> int:
        """Seconds, or text such as `1m30s`."""
        seconds = self._read(key, _seconds)
        return default if seconds is None else seconds

    def strings(self, key: str) -> tuple[str, ...]:
        """A list of texts, or one; empty items are skipped."""
        return tuple(str(item) for item in self._items(key) if item not in (None, ""))

    def words(self, key: str) -> tuple[str, ...]:
        """A list of words, or text split at blanks: TripleO does not interpret quotes there."""
        value = self._values.get(key)
        return tuple(value.split()) if isinstance(value, str) else tuple(map(str, self._items(key)))

    def pairs(self, key: str) -> tuple[tuple[str, str], ...]:
        """A mapping, or a list of `name=value` in which the last of a name counts, sorted by name."""
        value = self._values.get(key)
        if isinstance(value, dict):
            return tuple(sorted((name, str(item)) for name, item in value.items()))
        named = (str(item).partition("=") for item in self._items(key))
        return tuple(sorted({name: text for name, _, text in named}.items()))

    def mapping(self, key: str) -> Keys | None:
        """The keys of a mapping that is not empty."""
        node = self.node.entries.get(key)
        return Keys(node) if isinstance(node, Mapping) and node.entries else None

    def mappings(self, key: str) -> tuple[Keys, ...]:
        """The keys of each mapping of a list."""
        node = self.node.entries.get(key)
        items = node.items if isinstance(node, Sequence) else []
        return tuple(Keys(item) for item in items if isinstance(item, Mapping))


def _number(value: Plain) -> int:
    return int(value) if isinstance(value, float) else int(str(value))  # 60.0 is a whole number


def _seconds(value: Plain) -> int:
    match = _DURATION.fullmatch(str(value))
    hours, minutes, seconds = (int(part or 0) for part in match.groups()) if match else (0, 0, 0)
    return hours * 3600 + minutes * 60 + seconds


_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s?)?")
