"""Files on disk: each is written completely or not at all, and what must survive a power cut is flushed."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Iterable
from pathlib import Path

from .machine import Machine, require

FEW = 8  # files that are flushed in less time than a program for that needs to start
FLUSH_LIMIT = 900.0  # seconds: others may have written gigabytes to a slow disk


def write(path: Path, content: bytes, mode: int) -> None:
    """Write a file completely or not at all, and flush it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = write_beside(path, content, mode, None)
    sync(new)
    new.replace(path)
    sync(path.parent)


def write_beside(path: Path, content: bytes, mode: int, owner: tuple[int, int] | None) -> Path:
    """Write a new file beside its place, not flushed yet; its path. Nobody else can read it meanwhile."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = beside(path)
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            if owner:
                os.fchown(descriptor, *owner)
            os.fchmod(descriptor, mode)
    except OSError as error:
        new.unlink(missing_ok=True)  # it would keep a full disk full
        raise OSError(error.errno, error.strerror, str(path)) from None
    return new


def beside(path: Path) -> Path:
    """The name under which a file is written before it takes its place."""
    return path.with_name(unfinished(path.name))


def unfinished(name: str) -> str:
    """The name of such a file."""
    return f".{name}.heatsink"


def place_link(path: Path, target: str) -> None:
    """Create or replace a symbolic link atomically, and flush it."""
    put_link(path, target)
    sync(path.parent)


def put_link(path: Path, target: str) -> None:
    """Create or replace a symbolic link atomically, not flushed yet."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = beside(path)
    new.unlink(missing_ok=True)
    new.symlink_to(target)
    new.replace(path)


def remove_tree(top: Path) -> None:
    """Delete a folder and everything in it; or a file or a link, if that is there."""
    below = sorted(top.rglob("*"), reverse=True) if is_folder(top) else []
    for path in (*below, top):
        path.rmdir() if is_folder(path) else path.unlink(missing_ok=True)


def is_folder(path: Path) -> bool:
    """Whether a folder itself, and no link to one, is there."""
    return path.is_dir() and not path.is_symlink()


def sync(path: Path) -> None:
    """Flush a file, or a folder's entries, to disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def flush_each(machine: Machine, paths: Collection[Path]) -> None:
    """Flush some files or folders: a few one by one, many with all that their file systems have to write."""
    if len(paths) > FEW:
        flush(machine, paths)
        return
    for path in paths:
        sync(path)


def flush(machine: Machine, paths: Iterable[Path]) -> None:
    """Flush everything on the file systems of some files: one call for many files, as ostree does it."""
    by_device = {}
    for path in paths:
        with contextlib.suppress(FileNotFoundError):
            by_device[path.lstat().st_dev] = str(path)
    if by_device:
        done = machine.run(("sync", "--file-system", *by_device.values()), limit=FLUSH_LIMIT)
        require(done, "files cannot be flushed")
