"""Images that a push carries with it, for hosts that no registry reaches."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Protocol

from compiler.deploy.session import Session


class ImageArchives(Protocol):
    """Images, each as an archive of its own."""

    def archive(self, reference: str) -> tuple[int, Iterable[bytes]] | None:
        """The archive from which an engine loads an image under a reference: its size, and pieces of it."""


class NoArchives:
    """No images: hosts pull all of theirs."""

    def archive(self, reference: str) -> tuple[int, Iterable[bytes]] | None:  # noqa: ARG002
        """None of any."""
        return None


def release_pulls(session: Session, images: Sequence[str], archives: ImageArchives) -> None:
    """Let a host load the images that we have, which are sent with this, and pull the others."""
    found = [(image, archive) for image in images if (archive := archives.archive(image))]
    rows = [{"image": image, "size": size} for image, (size, _) in found]
    session.stream({"go": "pull", "archives": rows}, chain.from_iterable(pieces for _, (_, pieces) in found))
