"""Which content a source is now, before anything of it is downloaded."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from compiler.diagnostics import HeatsinkError, reason
from compiler.images.sources import git
from compiler.images.sources.archive import digest, entries_of_folder
from compiler.images.sources.entry import ImageSource, SourceKind
from compiler.images.sources.export import MissingCommitError

_AT_A_TIME = 8
_MOVES = "the lock has this commit: `heatsink images build --update` moves the lock"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedSource:
    """A source, and its content: `sha256:…`, or the commit `git:…`."""

    source: ImageSource
    content: str


Commits: TypeAlias = Mapping[tuple[str, str], str | HeatsinkError]
"""Location and reference in git → the commit, or why there is none."""


def commits(sources: Iterable[ImageSource]) -> Commits:
    """The commits of all sources in git that have none by the lock. Several servers are asked at a time, each
    once for a reference."""
    wanted = {
        (source.location, source.reference)
        for source in sources
        if source.kind is SourceKind.GIT and not source.locked
    }
    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        return dict(zip(wanted, pool.map(_commit, wanted), strict=True))


def resolved(source: ImageSource, known: Commits) -> ResolvedSource:
    """The source with its content; of git, the one of a known commit. Raises HeatsinkError."""
    try:
        return ResolvedSource(source=source, content=_content(source, known))
    except HeatsinkError as error:
        raise unavailable(source, error) from None


def unavailable(source: ImageSource, error: HeatsinkError) -> HeatsinkError:
    """The error, with the name and the place of the source."""
    cause = error.problems[0]
    hint = _MOVES if source.locked and isinstance(error, MissingCommitError) else cause.hint
    return HeatsinkError(
        f"source `{source.name}` cannot be read from `{source.shown}`: {cause.message}",
        source.span,
        hint,
    )


def _content(source: ImageSource, known: Commits) -> str:
    if source.kind is SourceKind.URL:
        return f"sha256:{source.sha256}"
    if source.kind is SourceKind.LOCAL:
        return _of_local(source)
    if source.locked:
        return f"git:{source.locked}"
    commit = known[source.location, source.reference]
    if isinstance(commit, HeatsinkError):
        raise commit
    return f"git:{commit}"


def _of_local(source: ImageSource) -> str:
    path = Path(source.location)
    if path.is_dir():
        return f"sha256:{digest(entries_of_folder(path))}"
    try:
        with path.open("rb") as content:
            return f"sha256:{hashlib.file_digest(content, 'sha256').hexdigest()}"
    except OSError as error:
        raise HeatsinkError(reason(error), hint="the path is relative to the file that names it") from None


def _commit(reference: tuple[str, str]) -> str | HeatsinkError:
    try:
        return git.commit_of(*reference)
    except HeatsinkError as error:
        return error
