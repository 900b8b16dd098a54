"""A folder of signatures beside a registry: `site/web@sha256=0123…/signature-1`, `-2` and so on.

https://github.com/containers/image/blob/main/docs/containers-registries.d.5.md
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

from compiler.diagnostics import HeatsinkError, reason
from compiler.files.writing import replace_file
from compiler.images.reference import image_reference


class Lookaside:
    """The signatures of images in a folder. References have digests."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def signatures(self, reference: str) -> Iterator[tuple[Path, bytes]]:
        """The files of an image, in order: whoever reads a folder ends at the first number that it lacks."""
        for path in self._paths(reference):
            try:
                yield path, path.read_bytes()
            except (FileNotFoundError, NotADirectoryError):
                return
            except OSError as error:
                raise HeatsinkError(f"`{path}` cannot be read: {reason(error)}") from None

    def add(self, reference: str, signature: bytes) -> Path:
        """Write a signature of an image, after those that it has."""
        path = next(path for path in self._paths(reference) if not path.exists())
        try:
            replace_file(path, signature, 0o644)
        except OSError as error:
            raise HeatsinkError(f"`{path}` cannot be written: {reason(error)}") from None
        return path

    def _paths(self, reference: str) -> Iterator[Path]:
        image = image_reference(reference)
        folder = self.folder / f"{image.name}@{image.version.replace(':', '=')}"
        return (folder / f"signature-{number}" for number in count(1))
