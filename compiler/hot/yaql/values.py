"""The values that an expression works with, as the library distinguishes them.

plain list, dict   parts of the data; the library's tuple and frozen dict
tuple, Frozen      the same, made by the expression
Loose, LooseDict   its list and dict: neither a key nor equal to a tuple
Stream             its iterators, which are good for one reading
View               the keys, values or items of a dict
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NoReturn, TypeAlias

from compiler.hot.yaql.budget import spend
from compiler.hot.yaql.errors import NotSupported
from compiler.node import Plain

Value: TypeAlias = Any  # one of the kinds above, a scalar, or a regular expression

SCALARS = frozenset({str, int, float, bool, type(None)})
NUMBERS = frozenset({int, float})
MOST_ITEMS = 100_000  # that one call may generate; above that the library's limits apply


class Frozen(dict[str, Value]):
    """A dict that the expression made and the library freezes."""


class LooseDict(dict[str, Value]):
    """A dict that the expression made and the library does not freeze."""


class Loose(list[Value]):
    """A list where the library does not make a tuple."""


class Stream:
    """Values to read once."""

    __slots__ = ("_values",)

    def __init__(self, values: Iterable[Value]) -> None:
        self._values: list[Value] | None = list(values)
        spend(len(self._values))

    def taken(self) -> list[Value]:
        """The values, for the first caller only."""
        values, self._values = self._values, None
        if values is None:
            raise NotSupported
        return values


class View:
    """The keys or items of a dict, which the library takes for a set (`as_set`), or its values."""

    __slots__ = ("as_set", "values")

    def __init__(self, values: Iterable[Value], *, as_set: bool = True) -> None:
        self.values = list(values)
        spend(len(self.values))
        self.as_set = as_set

    def __len__(self) -> int:
        return len(self.values)


SEQUENCES: frozenset[Any] = frozenset((list, tuple, Loose))
DICTS: frozenset[Any] = frozenset((dict, Frozen, LooseDict))


def items_of(value: Value) -> Iterable[Value]:
    """The items that a function reads from a collection."""
    items: Any = value.taken() if type(value) is Stream else value
    items = value.values if type(value) is View else items
    if type(items) not in SEQUENCES:
        raise NotSupported
    spend(len(items))
    return items  # type: ignore[no-any-return]


def is_collection(value: Value) -> bool:
    """Whether functions accept this as a collection."""
    return type(value) in SEQUENCES or type(value) is Stream or type(value) is View


def expect(value: Value, kind: type) -> Any:
    """The value, if it is exactly of that type: the library rarely accepts `true` as a number."""
    if type(value) is not kind:
        raise NotSupported
    return value


def expect_dict(value: Value) -> dict[str, Value]:
    """The value, if it is a dict of any kind."""
    if type(value) not in DICTS:
        raise NotSupported
    return value  # type: ignore[no-any-return]


def plain(value: Value) -> Plain:
    """A value as plain values; parts of the data stay the same objects."""
    kind = type(value)
    if kind in SCALARS or kind is list or kind is dict:
        return value  # type: ignore[no-any-return]
    spend(1)
    if kind in DICTS:
        return {key: plain(item) for key, item in value.items()}
    if kind is View and value.as_set:
        raise NotSupported
    return [plain(item) for item in items_of(value)]


def frozen(value: Value) -> Any:
    """A hashable that is equal to the same values as the library's form of it."""
    kind = type(value)
    if kind in SCALARS:
        return value
    spend(1)
    if kind is list or kind is tuple:
        return tuple(map(frozen, value))
    if kind is dict or kind is Frozen:
        return frozenset((key, frozen(item)) for key, item in value.items())
    raise NotSupported


def distinct(values: Iterable[Value]) -> Iterator[Value]:
    """The values without those that are equal to an earlier one."""
    seen: dict[Any, Value] = {}
    for value in values:
        seen.setdefault(frozen(value), value)
    return iter(seen.values())


def unsure() -> NoReturn:
    """Raise NotSupported, where only an expression fits."""
    raise NotSupported
