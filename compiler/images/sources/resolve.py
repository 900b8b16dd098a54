"""Which content a source is now, before anything of it is downloaded."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from compiler.diagnostics import HeatsinkError, reason
from compiler.images.sources import git
from compiler.images.sources.archive import digest, entries_of_folder
from compiler.images.sources.entry import ImageSource, SourceKind


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedSource:
    """A source, and its content: `sha256:…`, or the commit `git:…`."""

    source: ImageSource
    content: str


def resolved(source: ImageSource) -> ResolvedSource:
    """The source with its content. Of git, the server is asked for the commit. Raises HeatsinkError."""
    try:
        return ResolvedSource(source=source, content=_CONTENTS[source.kind](source))
    except HeatsinkError as error:
        raise unavailable(source, error) from None


def unavailable(source: ImageSource, error: HeatsinkError) -> HeatsinkError:
    """The error, with the name and the place of the source."""
    cause = error.problems[0]
    return HeatsinkError(
        f"source `{source.name}` cannot be read from `{source.shown}`: {cause.message}",
        source.span,
        cause.hint,
    )


def _of_url(source: ImageSource) -> str:
    return f"sha256:{source.sha256}"


def _of_git(source: ImageSource) -> str:
    return f"git:{_commit(source.location, source.reference)}"


def _of_local(source: ImageSource) -> str:
    path = Path(source.location)
    if path.is_dir():
        return f"sha256:{digest(entries_of_folder(path))}"
    try:
        with path.open("rb") as content:
            return f"sha256:{hashlib.file_digest(content, 'sha256').hexdigest()}"
    except OSError as error:
        raise HeatsinkError(reason(error), hint="the path is relative to the file that names it") from None


_CONTENTS: Mapping[SourceKind, Callable[[ImageSource], str]] = {
    SourceKind.URL: _of_url,
    SourceKind.GIT: _of_git,
    SourceKind.LOCAL: _of_local,
}


@lru_cache(maxsize=1024)
def _commit(location: str, reference: str) -> str:
    """The commit; all images of one command get the same one."""
    return git.commit_of(location, reference)
