"""Files that were on the host before a bundle took them over: kept as they were, and given back.

An original is kept in `/var/lib/heatsink/taken/<its path>`, with its content, mode and owner; a symbolic link
as one. A host may die at any moment:

    keep        the original is copied; only then the record says that its place is heatsink's, and only then
                something else is written there
    give back   the record says that the place is not heatsink's any more; only then the original is put
                there, and only then the copy is deleted

So a copy is an original, whatever lies in its place, and one whose file has left is always given back.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from .disk import flush, place_link, sync, write_beside
from .installed import Installed
from .layout import HOME, TAKEN
from .machine import Machine, relabel
from .manifest import Manifest


def keep_originals(machine: Machine, wanted: Manifest, installed: Installed) -> None:
    """Keep what is in the places that a bundle takes over and that are not heatsink's yet."""
    for path in sorted(wanted.takes_over - installed.paths - {*installed.taken}):
        kept = machine.path(f"{TAKEN}{path}")
        if is_replaceable(machine.path(path)) and not os.path.lexists(kept):
            _make_folder(machine, kept.parent)
            _copy(machine, machine.path(path), kept)


def give_back(machine: Machine, wanted: Manifest, installed: Installed) -> list[str]:
    """Put the originals of files that leave in their places again; their paths."""
    paths = sorted({*_kept(machine)} - {*wanted.paths} - wanted.takes_over)
    if paths:
        installed.leave(machine, paths)
    for path in paths:
        kept = machine.path(f"{TAKEN}{path}")
        _copy(machine, kept, machine.path(path))
        kept.unlink()
        sync(kept.parent)
    relabel(machine, paths)
    return paths


def is_replaceable(path: Path) -> bool:
    """Whether a regular file or a symbolic link is there."""
    try:
        mode = path.lstat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return False
    return stat.S_ISREG(mode) or stat.S_ISLNK(mode)


def _kept(machine: Machine) -> Iterator[str]:
    """The paths whose originals are kept."""
    top = machine.path(TAKEN)
    for path in top.rglob("*"):
        is_whole = not (
            path.name.startswith(".") and path.name.endswith(".heatsink")
        )  # as write_beside names it
        if is_whole and is_replaceable(path):
            yield f"/{path.relative_to(top)}"


def _make_folder(machine: Machine, folder: Path) -> None:
    """Create a folder below TAKEN, which only root can enter, and flush those above it."""
    machine.path(TAKEN).mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.mkdir(parents=True, exist_ok=True)
    for parent in folder.parents:
        sync(parent)
        if parent == machine.path(HOME):
            return


def _copy(machine: Machine, source: Path, place: Path) -> None:
    """Make a place hold what the source is, with its mode and owner: at once, and on disk."""
    status = source.lstat()
    if stat.S_ISLNK(status.st_mode):
        place_link(place, str(source.readlink()))
    else:
        owner = (status.st_uid, status.st_gid) if machine.owns() else None
        new = write_beside(place, source.read_bytes(), stat.S_IMODE(status.st_mode), owner)
        flush(machine, (new,))
        new.replace(place)
    sync(place.parent)
