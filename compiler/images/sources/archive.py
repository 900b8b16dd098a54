"""Archives of sources: the same bytes for the same content, whoever packed it and when.

Owners are root, times 0, modes 0755 or 0644, names sorted. What lies in one folder alone, as in most archives
of releases, is unpacked without that folder.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import lzma
import os
import posixpath
import stat
import tarfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import IO, cast

from compiler.diagnostics import HeatsinkError, reason
from compiler.images.tree import paths_below

_BROKEN = (tarfile.TarError, EOFError, gzip.BadGzipFile, lzma.LZMAError, zlib.error)
MOST_BYTES = 8 << 30
_MOST_ENTRIES = 500_000
_TREE_OF_GIT = ".git"


@dataclass(frozen=True, slots=True, kw_only=True)
class TarEntry:
    """A file, a folder or a link of an archive. A folder has no content, a link the path that it names."""

    name: str
    kind: bytes
    is_executable: bool = False
    size: int = 0
    link: str = ""
    opened: Callable[[], io.BufferedIOBase] = io.BytesIO


def write_entries(entries: Iterable[TarEntry], target: IO[bytes]) -> None:
    """Write an archive of the entries."""
    with tarfile.open(fileobj=target, mode="w", format=tarfile.PAX_FORMAT, encoding="utf-8") as archive:
        for entry in sorted(entries, key=lambda entry: entry.name):
            header = tarfile.TarInfo(entry.name)
            header.type, header.linkname, header.size = entry.kind, entry.link, entry.size
            header.mode = 0o755 if entry.is_executable or entry.kind != tarfile.REGTYPE else 0o644
            with entry.opened() as content:
                archive.addfile(header, content)


def digest(entries: Iterable[TarEntry]) -> str:
    """A SHA-256 of the entries, as they are written."""
    whole = hashlib.sha256()
    for entry in sorted(entries, key=lambda entry: entry.name):
        with entry.opened() as content:
            inner = hashlib.file_digest(content, "sha256").hexdigest()
        whole.update(f"{entry.name}\0{entry.kind!r}\0{entry.is_executable}\0{entry.link}\0{inner}\0".encode())
    return whole.hexdigest()


def entries_of_folder(folder: Path) -> list[TarEntry]:
    """The content of a folder, without what git keeps in it. Raises HeatsinkError."""
    return list(_checked(_below(folder)))


@contextmanager
def entries_of_file(path: Path, name: str) -> Iterator[list[TarEntry]]:
    """The content of an archive; of any other file, the file itself under a name. Raises HeatsinkError."""
    try:
        if not tarfile.is_tarfile(path):
            yield [replace(_entry(path, name), is_executable=False)]
            return
        with tarfile.open(path, encoding="utf-8") as archive:
            yield list(_checked(_members(archive)))
    except _BROKEN as error:
        raise HeatsinkError(f"the archive is damaged: {error}") from error


def without_top(entries: list[TarEntry]) -> list[TarEntry]:
    """The entries without the one folder that they are all in, if there is one."""
    tops = {entry.name.partition("/")[0] for entry in entries}
    inner = [entry for entry in entries if "/" in entry.name]
    outer = [entry for entry in entries if "/" not in entry.name]
    if len(tops) != 1 or not inner or any(entry.kind != tarfile.DIRTYPE for entry in outer):
        return entries
    return [replace(entry, name=entry.name.partition("/")[2]) for entry in inner]


def _below(folder: Path) -> Iterator[TarEntry]:
    for path in paths_below(folder):
        inside = path.relative_to(folder)
        if _TREE_OF_GIT not in inside.parts:
            yield _entry(path, inside.as_posix())


def _entry(path: Path, name: str) -> TarEntry:
    status = path.lstat()
    if stat.S_ISLNK(status.st_mode):
        return TarEntry(name=name, kind=tarfile.SYMTYPE, link=os.fspath(path.readlink()))
    if stat.S_ISDIR(status.st_mode):
        return TarEntry(name=name, kind=tarfile.DIRTYPE)
    if not stat.S_ISREG(status.st_mode):
        raise HeatsinkError(f"`{path}` is neither a file, a folder nor a link")
    is_executable = bool(status.st_mode & stat.S_IXUSR)
    opened = partial(_open, path)
    return TarEntry(
        name=name, kind=tarfile.REGTYPE, is_executable=is_executable, size=status.st_size, opened=opened
    )


def _open(path: Path) -> io.BufferedIOBase:
    try:
        return path.open("rb")
    except OSError as error:
        raise HeatsinkError(f"`{path}` cannot be read: {reason(error)}") from None


def _members(archive: tarfile.TarFile) -> Iterator[TarEntry]:
    for member in archive:
        name = posixpath.normpath(member.name)
        if name == ".":
            continue
        if member.isdir():
            yield TarEntry(name=name, kind=tarfile.DIRTYPE)
        elif member.issym():
            yield TarEntry(name=name, kind=tarfile.SYMTYPE, link=member.linkname)
        elif member.isreg() or member.islnk():
            yield _file(archive, member, name)
        else:
            raise HeatsinkError(f"the archive has `{name}`, which is neither a file, a folder nor a link")


def _file(archive: tarfile.TarFile, member: tarfile.TarInfo, name: str) -> TarEntry:
    """A file of an archive; a hard link is a file with the content of the other one."""
    linked = archive.getmember(member.linkname) if member.islnk() else member
    return TarEntry(
        name=name,
        kind=tarfile.REGTYPE,
        is_executable=bool(linked.mode & stat.S_IXUSR),
        size=linked.size,
        opened=partial(_extracted, archive, linked),
    )


def _extracted(archive: tarfile.TarFile, member: tarfile.TarInfo) -> io.BufferedIOBase:
    return cast("io.BufferedIOBase", archive.extractfile(member))  # None only if it is not a file


def _checked(entries: Iterable[TarEntry]) -> Iterator[TarEntry]:
    """The entries, of those of one name the last. Raises HeatsinkError for too many, or a path outside."""
    by_name: dict[str, TarEntry] = {}
    size = 0
    for entry in entries:
        if entry.name.startswith(("/", "../")) or entry.name == "..":
            raise HeatsinkError(f"the archive has `{entry.name}`, which is outside of it")
        by_name[entry.name] = entry
        size += entry.size
        if size > MOST_BYTES or len(by_name) > _MOST_ENTRIES:
            raise HeatsinkError(f"it has more than {MOST_BYTES >> 30} GiB, or {_MOST_ENTRIES:,} files")
    yield from by_name.values()
