"""Sets with a deterministic order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any


class Ordered(frozenset[Any]):
    """A set that is iterated in insertion order, the same in every run."""

    _items: tuple[Any, ...]

    def __new__(cls, items: Iterable[Any] = ()) -> Ordered:
        """The items, without repetition."""
        kept = tuple(dict.fromkeys(items))
        made = super().__new__(cls, kept)
        made._items = kept
        return made

    def __iter__(self) -> Iterator[Any]:
        return iter(self._items)

    def union(self, *others: Iterable[Any]) -> Ordered:
        """These items, followed by the new ones of others."""
        return Ordered(chain(self, *others))

    def intersection(self, *others: Iterable[Any]) -> Ordered:
        """The items that all others have too."""
        common = frozenset(self._items).intersection(*others)
        return Ordered(item for item in self if item in common)

    def difference(self, *others: Iterable[Any]) -> Ordered:
        """The items that no other has."""
        rest = frozenset(self._items).difference(*others)
        return Ordered(item for item in self if item in rest)

    def symmetric_difference(self, other: Iterable[Any]) -> Ordered:
        """The items that one has and the other has not."""
        right = Ordered(other)
        return Ordered(chain(self.difference(right), right.difference(self)))
