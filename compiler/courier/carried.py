"""What the file carries: an index in its zip part, and the rest as pieces before that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

INDEX = "index.json"

Extents = Sequence[Sequence[int]]  # start and size of each piece, in the file


class CourierError(Exception):
    """What the operator has to do first: what is wrong, and what to do next."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class Carried:
    """The content of a file."""

    def __init__(self, path: str, index: Mapping[str, Any]) -> None:
        self._path = path
        self.index = index

    def pieces(self, extents: Extents) -> Iterator[bytes]:
        """What lies there."""
        with open(self._path, "rb") as file:  # noqa: PTH123 - the host program has no need of pathlib
            for start, size in extents:
                file.seek(start)
                yield file.read(size)

    def content(self, extents: Extents) -> bytes:
        """The same, as a whole."""
        return b"".join(self.pieces(extents))

    def size(self, extents: Extents) -> int:
        """The bytes that lie there."""
        return sum(size for _, size in extents)
