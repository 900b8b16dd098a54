"""What an evaluation looked at, so that its result can be shared by the hosts for which that is the same."""

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
    """What a string of digits means in a path: get_param takes it for a list's index, get_attr does not."""

    INDEX = "index"
    KEY = "key"


def member(value: Node, path: Iterable[Key], digits: Digits = Digits.INDEX) -> Node | None:
    """What lies at a path inside a value; None where there is nothing. A string is a list of characters."""
    found: Node | None = value
    for key in path:
        if isinstance(found, Mapping):
            found = found.entries.get(key) if isinstance(key, str) else None
        elif isinstance(found, Sequence):
            found = _item(found.items, key, digits)
        elif isinstance(found, Scalar) and isinstance(found.value, str):
            character = _item(found.value, key, digits)
            found = None if character is None else scalar_of(character, found)
        else:
            return None
    return found


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
    """`variants` are the reads of what differs between hosts, with the values found (see `fingerprint`);
    `places` says where each parameter that was read got its value; `hidden` names secrets in plain sight."""

    variants: dict[ReadPath, object] = field(default_factory=dict)
    places: dict[str, Span] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)

    @property
    def are_shared(self) -> bool:
        """Whether another host may find the same: what `Self` says is one host's own, but for its role."""
        return all(path[0] != "Self" or path[1:] == ("role",) for path in self.variants)

    def add(self, other: Reads) -> None:
        """Everything that another evaluation read, too."""
        if other.variants:
            self.variants.update(other.variants)
        if other.places:
            self.places.update(other.places)
        if other.hidden:
            self.hidden.update(other.hidden)


class Recorder:
    """Keeps the reads of the evaluation under way; evaluations nest."""

    __slots__ = ("current",)

    def __init__(self) -> None:
        self.current = Reads()

    @contextmanager
    def recording(self) -> Iterator[Reads]:
        """The reads of the body alone; the evaluation around it has read them too."""
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


class Shared(Generic[T]):
    """Results of one evaluation for many hosts, found again by the values that it read.

    A result is right for every host on which each read finds the same: evaluation is deterministic, so it
    would take the same way there.
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
        """Remember a result, unless it belongs to one host alone."""
        if reads.are_shared:
            self._kept.setdefault(tuple(reads.variants), {})[tuple(reads.variants.values())] = result


def _found(variants: dict[str, Node], path: ReadPath) -> object:
    value = variants.get(str(path[0]))
    return fingerprint(None if value is None else member(value, path[1:]))
