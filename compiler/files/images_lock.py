"""`images.lock.yaml`: which digest each image has in its registry, and what images of ours were built from.

images:
  registry:4000/heatsink/memcached:0.1.0: sha256:…
builds:
  memcached:
    base: registry.example/debian:13@sha256:…
    packages: {memcached: "1.6.18-1"}
    sources: {plugin: git:0123… v1.2.0}
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from collections.abc import Mapping as AbstractMapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypedDict

from compiler import files, schemas
from compiler.files.writing import replace_file
from compiler.node import plain

NAME = "images.lock.yaml"
_HEADER = "# written by heatsink images build, lock and push"
# What JSON leaves as it is: ends of lines for YAML, or not allowed there.
_ESCAPED = {code: f"\\u{code:04X}" for code in (*range(0x7F, 0xA0), 0x2028, 0x2029, 0xFEFF, 0xFFFE, 0xFFFF)}
_PLAIN = re.compile(r"(?!(y|n|yes|no|on|off|true|false|null)$)[a-z][a-z0-9+.-]*")  # YAML reads it as text


class RecordParts(TypedDict, total=False):
    """Parts of a record."""

    base: str
    packages: AbstractMapping[str, str]
    sources: AbstractMapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildRecord:
    """What an image was built from, as far as its Dockerfile leaves it open."""

    base: str = ""
    """The foreign image that it starts from, with its digest; "" if there is none."""
    packages: AbstractMapping[str, str] = field(default_factory=dict)
    """The version of each package that it has more than its parent."""
    sources: AbstractMapping[str, str] = field(default_factory=dict)
    """Of each source the checksum, or the commit and the branch or tag that meant it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagesLock:
    """The content of a lock file."""

    digests: AbstractMapping[str, str] = field(default_factory=dict)
    """Image reference → digest, which `heatsink compile` uses."""
    builds: AbstractMapping[str, BuildRecord] = field(default_factory=dict)
    """Name of an image → what it was built from."""


def read_lock(path: Path) -> ImagesLock:
    """The lock in a file, empty if there is none. Raises CompileError if the file is not an images lock."""
    if not path.exists():
        return ImagesLock()
    root = files.mapping(path, "an images lock file")
    schemas.check(root, "images_lock")
    content: Any = plain(root)
    return ImagesLock(
        digests=content["images"],
        builds={name: BuildRecord(**record) for name, record in content.get("builds", {}).items()},
    )


def add_to_lock(
    path: Path,
    digests: AbstractMapping[str, str] | None = None,
    builds: AbstractMapping[str, BuildRecord] | None = None,
) -> None:
    """Write digests and builds into the file, beside those that it has of other images, sorted."""
    before = read_lock(path)
    lines = _lines({**before.digests, **(digests or {})}, {**before.builds, **(builds or {})})
    replace_file(path, "".join(f"{line}\n" for line in lines).encode(), 0o644, durable=True)


def changed_records(path: Path, parts: AbstractMapping[str, RecordParts]) -> dict[str, BuildRecord]:
    """The records of images with these parts in place of what the file has, those that differ from that."""
    builds = read_lock(path).builds
    before = {name: builds.get(name, BuildRecord()) for name in parts}
    after = {name: replace(before[name], **parts[name]) for name in parts}
    return {name: record for name, record in after.items() if record != before[name]}


def _lines(digests: AbstractMapping[str, str], builds: AbstractMapping[str, BuildRecord]) -> Iterator[str]:
    yield _HEADER
    yield "images:" if digests else "images: {}"
    for reference in sorted(digests):
        yield f"  {reference}: {digests[reference]}"
    if builds:
        yield "builds:"
    for name in sorted(builds):
        yield from _record(name, builds[name])


def _record(name: str, record: BuildRecord) -> Iterator[str]:
    sections = {"packages": record.packages, "sources": record.sources}
    is_empty = not (record.base or any(sections.values()))
    yield f"  {_key(name)}: {{}}" if is_empty else f"  {_key(name)}:"
    if record.base:
        yield f"    base: {record.base}"
    for title, values in sections.items():
        if values:
            yield f"    {title}:"
        for key in sorted(values):
            yield f"      {_key(key)}: {_quoted(values[key])}"


def _key(text: str) -> str:
    return text if _PLAIN.fullmatch(text) else _quoted(text)


def _quoted(text: str) -> str:
    """A text between quotation marks, on one line, as YAML reads it."""
    return json.dumps(text, ensure_ascii=False).translate(_ESCAPED)
