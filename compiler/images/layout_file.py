"""Reading an OCI image layout from a tar file: nothing of it is used before all of it is checked."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tarfile import BLOCKSIZE, DIRTYPE, NUL, REGTYPE, TarError, TarInfo
from typing import IO, Any

from compiler.diagnostics import HeatsinkError, reason
from compiler.images.layout import (
    DIGEST,
    INDEX_FILE,
    LARGEST_JSON,
    REFERENCE,
    VERSION_FILE,
    Blob,
    LayoutImage,
    LayoutPart,
    checked_manifest,
    layout_parts,
)

_PIECE = 1 << 20
_MOST = 100_000  # files in a layout
_BLOB = re.compile(r"blobs/sha256/([0-9a-f]{64})")
_FOLDERS = ("blobs", "blobs/sha256")
_AGAIN = "save it again with `heatsink images save`"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Extent:
    """Where a file is in the tar file."""

    start: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LayoutFile:
    """A file of images, all of which are whole."""

    path: Path
    images: tuple[LayoutImage, ...]
    extents: Mapping[str, _Extent]
    """By the paths in the layout."""

    def find(self, reference: str) -> LayoutImage | None:
        """The image that a unit has under a reference; None if the file lacks it."""
        return next((image for image in self.images if reference in (image.pinned, image.reference)), None)

    def content(self, blob: Blob) -> Iterator[bytes]:
        """What is in a blob, in pieces."""
        extent = self.extents[blob.path]
        try:
            with self.path.open("rb") as file:
                yield from _pieces(file, extent)
        except OSError as error:
            raise HeatsinkError(f"`{self.path}` cannot be read: {reason(error)}") from None

    def archive(self, reference: str) -> list[LayoutPart] | None:
        """The layout of one image, from which an engine loads it under a reference; None if it lacks it."""
        image = self.find(reference)
        return layout_parts([image], self.content, reference) if image else None


def read_layout(path: Path) -> LayoutFile:
    """The images in a file. Raises HeatsinkError if anything in it is not as its digest says."""
    try:
        with path.open("rb") as file:
            extents = dict(_extents(file, path.stat().st_size))
            images = tuple(_images(file, extents))
            _verify(file, extents, images)
    except OSError as error:
        raise HeatsinkError(f"`{path}` cannot be read: {reason(error)}") from None
    except HeatsinkError as error:
        raise HeatsinkError(f"`{path}` is not a whole file of images: {error}", hint=_AGAIN) from None
    return LayoutFile(path=path, images=images, extents=extents)


def _extents(file: IO[bytes], size: int) -> Iterator[tuple[str, _Extent]]:
    """The files in a tar file: plain ones with the names of a layout, each once."""
    seen: set[str] = set()
    while entry := _entry(file):
        extent = _Extent(start=file.tell(), size=entry.size)
        if extent.start + extent.size > size:
            raise HeatsinkError("it is cut short")
        if entry.type != DIRTYPE or entry.name.rstrip("/") not in _FOLDERS:
            _check_entry(entry, seen)
            yield entry.name, extent
        file.seek(extent.start + extent.size + -extent.size % BLOCKSIZE)


def _entry(file: IO[bytes]) -> TarInfo | None:
    """The next entry; None at the end of the archive. Extended headers are entries of types of their own."""
    block = file.read(BLOCKSIZE)
    if block == NUL * BLOCKSIZE:
        return None
    if len(block) < BLOCKSIZE:
        raise HeatsinkError("it is cut short")
    try:
        return TarInfo.frombuf(block, "ascii", "strict")
    except (TarError, UnicodeDecodeError):
        raise HeatsinkError("it is not a tar file") from None


def _check_entry(entry: TarInfo, seen: set[str]) -> None:
    is_known = entry.name in (VERSION_FILE, INDEX_FILE) or _BLOB.fullmatch(entry.name)
    if entry.type != REGTYPE or not is_known:
        raise HeatsinkError(f"{entry.name!r} does not belong into an OCI image layout")
    if entry.name in seen or len(seen) >= _MOST:
        raise HeatsinkError(
            f"`{entry.name}` is there twice" if entry.name in seen else "it has too many files"
        )
    seen.add(entry.name)


def _images(file: IO[bytes], extents: Mapping[str, _Extent]) -> Iterator[LayoutImage]:
    """The images in the index, with all of their blobs."""
    if _json(_small(file, extents, VERSION_FILE)).get("imageLayoutVersion") != "1.0.0":
        raise HeatsinkError("it is not an OCI image layout of version 1.0.0")
    rows = _json(_small(file, extents, INDEX_FILE)).get("manifests")
    if not isinstance(rows, list) or not all(map(_is_descriptor, rows)):
        raise HeatsinkError("its index does not describe images")
    for row in rows:
        blob = Blob(digest=row["digest"], size=row["size"])
        content = checked_manifest(_small(file, extents, blob.path))
        image = LayoutImage(reference=row["annotations"][REFERENCE], manifest=content)
        for part in (blob, *image.blobs):
            if part.path not in extents or extents[part.path].size != part.size:
                raise HeatsinkError(f"it lacks {part.digest} of `{image.reference}`")
        yield image


def _is_descriptor(row: object) -> bool:
    return (
        isinstance(row, dict)
        and bool(DIGEST.fullmatch(str(row.get("digest"))))
        and isinstance(row.get("size"), int)
        and isinstance(row.get("annotations"), dict)
        and isinstance(row["annotations"].get(REFERENCE), str)
        and row["annotations"][REFERENCE].isprintable()
    )


def _verify(file: IO[bytes], extents: Mapping[str, _Extent], images: tuple[LayoutImage, ...]) -> None:
    """Raise HeatsinkError for a blob that does not have its digest."""
    for path, extent in extents.items():
        if match := _BLOB.fullmatch(path):
            digest = hashlib.sha256()
            for piece in _pieces(file, extent):
                digest.update(piece)
            if digest.hexdigest() != match[1]:
                owners = [image.reference for image in images if path in {blob.path for blob in image.blobs}]
                raise HeatsinkError(
                    f"sha256:{match[1]} is damaged" + (f", of `{owners[0]}`" if owners else "")
                )


def _small(file: IO[bytes], extents: Mapping[str, _Extent], path: str) -> bytes:
    """A file that is read as a whole."""
    if path not in extents:
        raise HeatsinkError(f"it has no `{path}`")
    if extents[path].size > LARGEST_JSON:
        raise HeatsinkError(f"`{path}` is larger than {LARGEST_JSON >> 20} MiB")
    return b"".join(_pieces(file, extents[path]))


def _pieces(file: IO[bytes], extent: _Extent) -> Iterator[bytes]:
    file.seek(extent.start)
    left = extent.size
    while left:
        piece = file.read(min(left, _PIECE))
        if not piece:
            raise HeatsinkError("it is cut short")
        left -= len(piece)
        yield piece


def _json(content: bytes) -> dict[str, Any]:
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        value = None
    return value if isinstance(value, dict) else {}
