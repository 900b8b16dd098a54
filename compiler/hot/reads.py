"""What an evaluation read, so that hosts with the same values can share its result."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from collections.abc import Sequence as AbstractSequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from typing import Generic, TypeVar

from compiler.node import Mapping, Node, Scalar, Sequence, plain, scalar_of
from compiler.source import Span

T = TypeVar("T")
Key = str | int
ReadPath = tuple[Key, ...]  # a parameter's name, then a path into its value


class Digits(Enum):
    """What a string of digits means in a path: an index of a list for get_param, a key for get_attr."""

    INDEX = "index"
    KEY = "key"


def member(value: Node, path: Iterable[Key], digits: Digits = Digits.INDEX) -> Node | None:
    """The value at a path inside a value; None if there is none. A string is a list of characters."""
    current: Node | None = value
    for key in path:
        if isinstance(current, Mapping):
            current = current.entries.get(key) if isinstance(key, str) else None
        elif isinstance(current, Sequence):
            current = _item(current.items, key, digits)
        elif isinstance(current, Scalar) and isinstance(current.value, str):
            character = _item(current.value, key, digits)
            current = None if character is None else scalar_of(character, current)
        else:
            return None
    return current


def _item(items: AbstractSequence[T], key: Key, digits: Digits) -> T | None:
    if isinstance(key, str):
        if digits is Digits.KEY:
            return None
        try:
            key = int(key)
        except ValueError:
            return None
    return items[key] if -len(items) <= key < len(items) else None


@dataclass(slots=True)
class Reads:
    """`variants`: the reads of what differs between hosts, with their values (see `fingerprint`);
    `places`: where each parameter that was read is set; `hidden`: secrets whose values are in plain text;
    `secrets`: secrets that were referred to."""

    variants: dict[ReadPath, object] = field(default_factory=dict)
    places: dict[str, Span] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    secrets: set[str] = field(default_factory=set)

    @property
    def are_shared(self) -> bool:
        """Whether other hosts may have the same values: `Self` belongs to one host, except for its role."""
        return all(path[0] != "Self" or path[1:] == ("role",) for path in self.variants)

    def add(self, other: Reads) -> None:
        """Add everything that another evaluation read."""
        if other.variants:
            self.variants.update(other.variants)
        if other.places:
            self.places.update(other.places)
        if other.hidden:
            self.hidden.update(other.hidden)
        if other.secrets:
            self.secrets.update(other.secrets)


class Recorder:
    """Records the reads of the current evaluation; evaluations nest."""

    __slots__ = ("current",)

    def __init__(self) -> None:
        self.current = Reads()

    @contextmanager
    def recording(self) -> Iterator[Reads]:
        """The reads of the body alone; they count as reads of the enclosing evaluation too."""
        outer = self.current
        inner = self.current = Reads()
        try:
            yield inner
        finally:
            self.current = outer
            outer.add(inner)


def fingerprint(node: Node | None) -> object:
    """A hashable that is equal only for equal values."""
    if node is None:
        return None
    if isinstance(node, Scalar):
        return (type(node.value), node.value)
    return repr(plain(node))


class ResultsByReads(Generic[T]):
    """Results of one evaluation for many hosts, by the values that it read.

    A result holds for every host with the same values for all reads: evaluation is deterministic.
    """

    def __init__(self) -> None:
        self._kept: dict[tuple[ReadPath, ...], dict[tuple[object, ...], T]] = {}

    def find(self, variants: dict[str, Node]) -> T | None:
        """A result that holds for a host with these variant values."""
        for paths, results in self._kept.items():
            found = results.get(tuple(_found(variants, path) for path in paths))
            if found is not None:
                return found
        return None

    def keep(self, reads: Reads, result: T) -> None:
        """Keep a result, unless it belongs to one host alone."""
        if reads.are_shared:
            self._kept.setdefault(tuple(reads.variants), {})[tuple(reads.variants.values())] = result


def _found(variants: dict[str, Node], path: ReadPath) -> object:
    value = variants.get(str(path[0]))
    return fingerprint(None if value is None else member(value, path[1:]))
