"""Values kept by the identity of what they were computed from."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class ByIdentity(Generic[T]):
    """One value for each object, found by the object's identity and whatever else the value depends on.

    Hosts share parts, containers and files by identity, and comparing those by their contents would cost more
    than computing the value again. Objects are kept alive: nothing else can take their identity.
    """

    __slots__ = ("_entries",)

    def __init__(self) -> None:
        self._entries: dict[Hashable, tuple[object, T]] = {}

    def get(self, owner: object) -> T | None:
        """The value kept for an object; None if there is none."""
        entry = self._entries.get(id(owner))
        return None if entry is None else entry[1]

    def keep(self, owner: object, value: T) -> None:
        """Keep a value for an object."""
        self._entries[id(owner)] = (owner, value)

    def once(self, owner: object, make: Callable[[], T], beside: Hashable = None) -> T:
        """The value kept for an object, made now if there is none; `beside` is compared by equality."""
        key: Hashable = id(owner) if beside is None else (id(owner), beside)
        entry = self._entries.get(key)
        if entry is None:
            entry = self._entries[key] = (owner, make())
        return entry[1]
