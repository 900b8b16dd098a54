"""Files and links of a generation in their places on the host."""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
import stat
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

from .disk import flush_each, sync, unfinished, write_beside
from .machine import Machine
from .manifest import File, Link
from .store import Generation
from .wire import RefusedError


def is_installed(machine: Machine, file: File, wanted: Generation) -> bool:
    """Whether a file is in its place with its content, mode and owner."""
    try:
        status = os.lstat(machine.place(file.path))
        if not stat.S_ISREG(status.st_mode) or stat.S_IMODE(status.st_mode) != _mode(file):
            return False
        if machine.owns() and (status.st_uid, status.st_gid) != _owner(file.owner):
            return False
        return machine.content(file.path) == wanted.content(machine, file)
    except FileNotFoundError:
        return False


def is_linked(machine: Machine, link: Link) -> bool:
    """Whether a link is in its place and points to its target."""
    path = machine.path(link.path)
    return path.is_symlink() and str(path.readlink()) == link.target


def write_files(machine: Machine, wanted: Generation, files: Sequence[File]) -> None:
    """Install files: all are written beside their places and flushed first, so that the renames take only a
    moment, and no file is empty after a power cut."""
    written: list[tuple[Path, Path]] = []
    try:
        for file in files:
            path = machine.path(file.path)
            owner = _owner(file.owner) if machine.owns() else None
            if machine.owns() and owner is None:
                raise RefusedError(f"the owner `{file.owner}` of `{file.path}` does not exist on this host")
            written.append((write_beside(path, wanted.content(machine, file), _mode(file), owner), path))
        flush_each(machine, [new for new, _ in written])
    except (OSError, RefusedError):
        for new, _ in written:
            new.unlink(missing_ok=True)
        raise
    for new, path in written:
        new.replace(path)
    flush_each(machine, {path.parent for _, path in written})


def remove_unfinished(machine: Machine, paths: Iterable[str]) -> None:
    """Delete what a killed program has left beside the places of files and links."""
    for path in paths:
        folder, _, name = machine.place(path).rpartition("/")
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            os.unlink(f"{folder}/{unfinished(name)}")


def remove_files(machine: Machine, paths: Iterable[str], folders: Iterable[str]) -> list[str]:
    """Delete files and links, then the folders that are empty; the folders that stay are returned."""
    for parent in {path.parent for path in map(machine.path, paths) if _unlink(path)}:
        sync(parent)
    kept = []
    for folder in sorted(folders, reverse=True):
        try:
            machine.path(folder).rmdir()
        except FileNotFoundError:
            continue
        except OSError:  # it is not empty
            kept.append(folder)
    return sorted(kept)


def _unlink(path: Path) -> bool:
    """Delete a file; False if it is not there."""
    try:
        path.unlink()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def missing_folders(machine: Machine, paths: Iterable[str]) -> set[str]:
    """The folders above some paths that do not exist."""
    return {folder for folder in folders_above(paths) if not os.path.isdir(machine.place(folder))}


def folders_above(paths: Iterable[str]) -> set[str]:
    """The folders above some paths, without the uppermost."""
    folders: set[str] = set()
    for path in paths:
        while (path := path.rpartition("/")[0]) and path not in folders:
            folders.add(path)
    return folders


def _mode(file: File) -> int:
    return 0o600 if file.sensitive else int(file.mode, 8)


@cache
def _owner(owner: str) -> tuple[int, int] | None:
    """The ids of a `user:group`; None if one of them does not exist."""
    user, _, group = owner.partition(":")
    try:
        return (
            int(user) if user.isdigit() else pwd.getpwnam(user).pw_uid,
            int(group) if group.isdigit() else grp.getgrnam(group).gr_gid,
        )
    except KeyError:
        return None
