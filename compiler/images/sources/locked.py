"""Sources in a lock: `git:0123… v1.2.0` is the commit that a tag meant when the lock was written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from compiler.images.sources.entry import ImageSource, SourceKind
from compiler.images.sources.resolve import ResolvedSource

LockedSources = Mapping[str, str]
"""Source → what the lock has of it."""


def with_commits(sources: Iterable[ImageSource], locked: LockedSources) -> Iterator[ImageSource]:
    """The sources, those of git with the commits that the lock has for their references."""
    for source in sources:
        content, _, reference = locked.get(source.name, "").partition(" ")
        if source.kind is SourceKind.GIT and reference == source.reference:
            yield replace(source, locked=content.removeprefix("git:"))
        else:
            yield source


def lock_entries(sources: Iterable[ResolvedSource]) -> dict[str, str]:
    """What a lock has of sources."""
    return {each.source.name: lock_entry(each.content, each.source.reference) for each in sources}


def lock_entry(content: str, reference: str) -> str:
    """What a lock has of a source; the reference is empty if it is not of git, or not known."""
    return f"{content} {reference}".rstrip()
