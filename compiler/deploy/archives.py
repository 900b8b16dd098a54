"""Images that a push carries with it, for hosts that no registry reaches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from typing import Protocol

from compiler.deploy.session import Session


class ArchivePart(Protocol):
    """A part of an archive; what has the same key is the same in every archive."""

    @property
    def key(self) -> str:
        """The same for the same bytes."""
        ...

    @property
    def size(self) -> int:
        """Its bytes."""
        ...

    @property
    def content(self) -> Callable[[], Iterable[bytes]]:
        """Returns what is in it, in pieces."""
        ...


class ImageArchives(Protocol):
    """Images, each as an archive of its own."""

    def archive(self, reference: str) -> Sequence[ArchivePart] | None:
        """The archive from which an engine loads an image under a reference, in parts; None without one."""
        ...


class NoArchives:
    """No images: hosts pull all of theirs."""

    def archive(self, reference: str) -> Sequence[ArchivePart] | None:  # noqa: ARG002
        """None of any."""
        return None


def numbered(archives: Mapping[str, Sequence[ArchivePart]]) -> tuple[list[ArchivePart], dict[str, list[int]]]:
    """The parts of archives, each once, and for each archive the numbers of its parts, in order."""
    parts = {part.key: part for archive in archives.values() for part in archive}
    numbers = {key: number for number, key in enumerate(parts)}
    return list(parts.values()), {
        image: [numbers[part.key] for part in archive] for image, archive in archives.items()
    }


def release_pulls(session: Session, images: Sequence[str], archives: ImageArchives) -> None:
    """Let a host load the images that we have, which are sent with this, and pull the others."""
    parts, numbers = numbered({image: archive for image in images if (archive := archives.archive(image))})
    rows = [{"image": image, "parts": row} for image, row in numbers.items()]
    fields = {"go": "pull", "archives": rows, "parts": [part.size for part in parts]}
    session.stream(fields, chain.from_iterable(part.content() for part in parts))
