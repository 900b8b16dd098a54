"""One source of an image as it is written, in `image.yaml` or below `images` in `images.yaml`.

sources:
  - {name: app, type: git, location: https://git.example/app.git, reference: v1.2.0}
  - {name: theme, type: url, location: https://files.example/theme-3.tar.gz, sha256: 9f86d081…}
  - {name: plugin-ldap, type: local, location: plugins/ldap}
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from compiler.diagnostics import CompileError, Problem
from compiler.files import short_name
from compiler.node import Mapping as MappingNode
from compiler.node import Node, Scalar, children
from compiler.source import Span


class SourceKind(Enum):
    """Where a source comes from."""

    URL = "url"
    GIT = "git"
    LOCAL = "local"


_KEYS: Mapping[SourceKind, tuple[str, ...]] = {
    SourceKind.URL: ("location", "sha256"),
    SourceKind.GIT: ("location", "reference"),
    SourceKind.LOCAL: ("location",),
}
"""What a source of each kind must have, and nothing else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceEntry:
    """An item of `sources`, or several of one name over one another. Paths are relative to `folder`."""

    name: str
    span: Span
    values: Mapping[str, Scalar]
    folder: Path

    def overlaid_by(self, other: SourceEntry) -> SourceEntry:
        """The other one, which needs not repeat what stays, if it has no `type`."""
        if "type" in other.values:
            return other
        folder = other.folder if "location" in other.values else self.folder
        return SourceEntry(
            name=self.name, span=self.span, values={**self.values, **other.values}, folder=folder
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageSource:
    """A source with all that its kind needs; `location` is a URL, or an absolute path if it is local."""

    name: str
    kind: SourceKind
    location: str
    reference: str = ""
    locked: str = ""
    """The commit that the lock has for the reference; "" if the server is asked."""
    sha256: str = ""
    span: Span

    @property
    def shown(self) -> str:
        """The location in messages: a path relative to here, a URL without a password."""
        if self.kind is SourceKind.LOCAL:
            return short_name(Path(self.location))
        return re.sub(r"(?<=://)[^/@\s]*@", "", self.location)

    @property
    def path(self) -> str:
        """Its archive in the build context."""
        return f"sources/{self.name}.tar"


def source_entries(section: Node | None, folder: Path) -> dict[str, SourceEntry]:
    """The entries of a valid `sources` by name. Raises CompileError if there are two of one name."""
    entries: dict[str, SourceEntry] = {}
    for item in children(section) if section else ():
        assert isinstance(item, MappingNode)
        entry = _entry(item, folder)
        other = entries.setdefault(entry.name, entry)
        if other is not entry:
            raise CompileError(
                f"duplicate source `{entry.name}`", entry.span, f"the other one is at {other.span}"
            )
    return entries


def overlaid(below: Mapping[str, SourceEntry], above: Mapping[str, SourceEntry]) -> dict[str, SourceEntry]:
    """The entries of both; those of one name over one another."""
    changed = {name: below[name].overlaid_by(above[name]) for name in below.keys() & above.keys()}
    return {**below, **above, **changed}


def complete(entries: Iterable[SourceEntry]) -> tuple[ImageSource, ...]:
    """The sources of the entries, sorted. Raises CompileError with all that is missing or too much."""
    ordered = sorted(entries, key=lambda entry: entry.name)
    problems = [problem for entry in ordered for problem in _mistakes(entry)]
    if problems:
        raise CompileError.of(problems)
    return tuple(_source(entry) for entry in ordered)


def _entry(item: MappingNode, folder: Path) -> SourceEntry:
    values = {key: value for key, value in item.entries.items() if isinstance(value, Scalar)}
    name = values.pop("name")
    return SourceEntry(name=str(name.value), span=name.span, values=values, folder=folder)


def _mistakes(entry: SourceEntry) -> Iterator[Problem]:
    if "type" not in entry.values:
        kinds = ", ".join(kind.value for kind in SourceKind)
        yield Problem(f"source `{entry.name}` has no `type`", entry.span, f"the types are {kinds}")
        return
    kind = _kind(entry)
    for key in _KEYS[kind]:
        if key not in entry.values:
            message = f"source `{entry.name}` of type `{kind.value}` has no `{key}`"
            yield Problem(message, entry.span, f"add `{key}: …`")
    for key in entry.values.keys() - {"type", *_KEYS[kind]}:
        yield Problem(f"a source of type `{kind.value}` cannot have `{key}`", entry.values[key].span)


def _source(entry: SourceEntry) -> ImageSource:
    kind, location = _kind(entry), entry.values["location"]
    written = str(location.value)
    return ImageSource(
        name=entry.name,
        kind=kind,
        location=str(entry.folder.absolute() / written) if kind is SourceKind.LOCAL else written,
        reference=_text(entry, "reference"),
        sha256=_text(entry, "sha256"),
        span=location.span,
    )


def _kind(entry: SourceEntry) -> SourceKind:
    return SourceKind(entry.values["type"].value)


def _text(entry: SourceEntry, key: str) -> str:
    return str(entry.values[key].value) if key in entry.values else ""
