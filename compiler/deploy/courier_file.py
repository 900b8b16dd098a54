"""Writes the file of `heatsink bundle`: bundles, images and programs, in one file that runs by itself.

a head of 1 KiB     `sh`, which checks the rest and starts Python
pieces              the bundles' files, images, the host program, each piece once
a zip file          the courier's modules, and an index of the pieces
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import IO
from zipfile import ZIP_DEFLATED, ZipFile

from compiler.deploy.activation import PushOptions
from compiler.deploy.archives import ImageArchives, numbered
from compiler.deploy.bundle import BundleFolder
from compiler.deploy.greeting import command
from compiler.deploy.program import entry, program
from compiler.files.writing import replacing
from compiler.host import layout

_SOURCES = Path(__file__).parents[1] / "courier"
_HEAD = 1024
_START = b"import sys\nfrom courier.__main__ import main\n\nsys.exit(main(sys.argv[0], sys.argv[1:]))\n"
_SCRIPT = """#!/bin/sh
# A bundle of heatsink: run this file as root on its host. `--help` says how.
command -v python3 >/dev/null || {{ echo "error: python3 is not installed" >&2; exit 1; }}
[ "$(tail -c +{start} "$0" | sha256sum)" = "{sha256}  -" ] ||
  {{ echo "error: $0 is damaged: copy it again" >&2; exit 1; }}
[ "$(id -u)" = 0 ] || {{ echo "error: run $0 as root" >&2; exit 1; }}
exec python3 -IBS "$0" "$@"
"""
_MODE = 0o700  # it may hold values of secrets


@dataclass(frozen=True, slots=True, kw_only=True)
class CourierContent:
    """What goes into a file: bundles by host, values of secrets, images by reference."""

    bundles: Mapping[str, BundleFolder]
    secrets: Mapping[str, str]
    images: Sequence[str]
    archives: ImageArchives
    options: PushOptions


def write_courier(path: Path, content: CourierContent) -> None:
    """Write the file, which is replaced as a whole. Raises HeatsinkError."""
    with replacing(path, _MODE) as file:
        _write(file, content)


def _write(file: IO[bytes], content: CourierContent) -> None:
    pieces = _Pieces(file)
    pieces.write(b"\n" * _HEAD)
    index = _index(pieces, content)
    pieces.write(_zip(json.dumps(index).encode()))
    file.seek(0)
    file.write(_head(pieces.digest.hexdigest()))


@dataclass(slots=True)
class _Pieces:
    """A file to which pieces are added, each only once."""

    file: IO[bytes]
    extents: dict[bytes, tuple[int, int]] = field(default_factory=dict)
    digest: hashlib._Hash = field(default_factory=hashlib.sha256)
    _end: int = 0

    def add(self, pieces: Iterable[bytes]) -> list[tuple[int, int]]:
        """Where the pieces are in the file."""
        return [self._add(piece) for piece in pieces if piece]

    def write(self, content: bytes) -> None:
        """Write something that is not a piece; all but the head is part of the digest."""
        if self._end:
            self.digest.update(content)
        self.file.write(content)
        self._end += len(content)

    def _add(self, piece: bytes) -> tuple[int, int]:
        key = hashlib.sha256(piece).digest()
        if key not in self.extents:
            self.extents[key] = (self._end, len(piece))
            self.write(piece)
        return self.extents[key]


def _index(pieces: _Pieces, content: CourierContent) -> dict[str, object]:
    """What the courier has to know; it is in this order in the file."""
    return {
        "request": content.options.request,
        "greeting": command(as_root=True),
        "installed": f"{layout.CURRENT}/manifest.json",
        "program": pieces.add([program()]),
        "program_sha256": hashlib.sha256(program()).hexdigest(),
        "hosts": {name: _host(pieces, bundle, content.secrets) for name, bundle in content.bundles.items()},
        **_images(pieces, content),
    }


def _host(pieces: _Pieces, bundle: BundleFolder, secrets: Mapping[str, str]) -> dict[str, object]:
    return {
        "manifest": pieces.add([bundle.content]),
        "files": {sha256: pieces.add([bundle.blobs([sha256])]) for sha256 in sorted(bundle.hashes)},
        "secrets": {name: secrets[name] for name in bundle.secrets},
    }


def _images(pieces: _Pieces, content: CourierContent) -> dict[str, object]:
    archives = {name: content.archives.archive(name) or () for name in content.images}
    parts, images = numbered(archives)
    return {"parts": [pieces.add(part.content()) for part in parts], "images": images}


def _zip(index: bytes) -> bytes:
    packed = BytesIO()
    modules = {f"courier/{path.name}": path.read_bytes() for path in sorted(_SOURCES.glob("*.py"))}
    with ZipFile(packed, "w") as archive:
        for name, text in {"__main__.py": _START, "index.json": index, **modules}.items():
            archive.writestr(entry(name), text, ZIP_DEFLATED, 9)
    return packed.getvalue()


def _head(sha256: str) -> bytes:
    text = _SCRIPT.format(start=_HEAD + 1, sha256=sha256).encode()
    return text + b"\n" * (_HEAD - len(text))
