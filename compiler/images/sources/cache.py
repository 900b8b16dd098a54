"""What was fetched for images, kept for the next build: `~/.cache/heatsink/sources`.

A download is kept under its hash, which is checked whenever it is used; the files of a commit under its hash.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from compiler.diagnostics import HeatsinkError, reason
from compiler.images.sources.archive import (
    TarEntry,
    entries_of_file,
    entries_of_folder,
    without_top,
    write_entries,
)
from compiler.images.sources.download import download
from compiler.images.sources.entry import SourceKind
from compiler.images.sources.export import export
from compiler.images.sources.resolve import ResolvedSource, unavailable

_FORMAT = "-2"  # of what is kept: without submodules, it had no number


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceCache:
    """A folder of fetched sources, of at most `most_bytes`; the longest unused ones are deleted first.

    `timeout` is in seconds, for each source.
    """

    folder: Path
    most_bytes: int = 16 << 30
    timeout: float = 900.0

    def write(self, wanted: ResolvedSource, target: IO[bytes]) -> None:
        """Write the archive of a source, which is fetched if it is not there. Raises HeatsinkError."""
        try:
            with self._entries(wanted) as entries:
                write_entries(entries, target)
        except OSError as error:
            raise HeatsinkError(f"`{self.folder}` cannot be written: {reason(error)}") from None
        except HeatsinkError as error:
            raise unavailable(wanted.source, error) from None

    @contextmanager
    def _entries(self, wanted: ResolvedSource) -> Iterator[list[TarEntry]]:
        source = wanted.source
        local = Path(source.location)
        if source.kind is SourceKind.LOCAL and local.is_dir():
            yield entries_of_folder(local)
            return
        path = local if source.kind is SourceKind.LOCAL else self._fetched(wanted)
        with entries_of_file(path, Path(urlsplit(source.location).path).name) as entries:
            yield entries if source.kind is SourceKind.GIT else without_top(entries)

    def _fetched(self, wanted: ResolvedSource) -> Path:
        """The file of a source in the cache."""
        path = self.folder / f"{wanted.content.replace(':', '-')}{_FORMAT}"
        if not self._is_kept(path, wanted):
            self.folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix=".", dir=self.folder) as scratch:
                self._fetch(wanted, Path(scratch)).replace(path)
        path.touch()
        self._delete_oldest(path)
        return path

    def _is_kept(self, path: Path, wanted: ResolvedSource) -> bool:
        if not path.is_file() or wanted.source.kind is SourceKind.GIT:
            return path.is_file()
        with path.open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest() == wanted.source.sha256

    def _fetch(self, wanted: ResolvedSource, scratch: Path) -> Path:
        source = wanted.source
        if source.kind is SourceKind.GIT:
            commit = wanted.content.partition(":")[2]
            return export(source.location, commit, scratch, timeout=self.timeout)
        path = scratch / "download"
        with path.open("wb") as target:
            download(source.location, target, source.sha256, timeout=self.timeout)
        return path

    def _delete_oldest(self, used: Path) -> None:
        """Delete what was not used for the longest time, but not what is used now."""
        kept = [(file.stat(), Path(file.path)) for file in os.scandir(self.folder) if file.is_file()]
        size = sum(status.st_size for status, _ in kept)
        for status, path in sorted(kept, key=lambda file: file[0].st_mtime):
            if size > self.most_bytes and path != used:
                path.unlink(missing_ok=True)
                size -= status.st_size


def own_cache() -> SourceCache:
    """The cache of the user."""
    return SourceCache(folder=user_cache("sources"))


def user_cache(name: str) -> Path:
    """A folder of the user's cache: `~/.cache/heatsink/NAME`."""
    folder = Path(os.environ.get("XDG_CACHE_HOME", ""))
    above = folder if folder.is_absolute() else Path("~/.cache").expanduser()
    return above / "heatsink" / name
