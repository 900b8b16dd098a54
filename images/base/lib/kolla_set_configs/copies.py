"""The copies that an entry of config_files asks for."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from .entries import ConfigFile
from .errors import ConfigError
from .files import Root, is_folder, remove, set_status, write_copy
from .ownership import directory_mode, parse_mode, parse_owner


@dataclass(frozen=True)
class Copy:
    """A file, link or directory to copy to `dest`; without an owner, that of the source is kept."""

    source: Path
    dest: Path
    owner: Optional[tuple[int, int]]
    mode: int
    merge: bool

    @property
    def link(self) -> bool:
        """Whether it stays a symbolic link, which may lead to something that only `dest` has."""
        return self.merge and self.owner is None and self.source.is_symlink()

    @property
    def directory(self) -> bool:
        """Whether it is a directory, perhaps at the end of a link that is followed."""
        return self.source.is_dir() and not self.link

    def status(self) -> tuple[int, int, int]:
        """Owner, group and permission bits of `dest`."""
        source = self.source.stat()
        if self.owner is None:
            return source.st_uid, source.st_gid, stat.S_IMODE(source.st_mode)
        return (*self.owner, directory_mode(self.mode) if self.directory else self.mode)


def targets(root: Root, entry: ConfigFile) -> list[tuple[Path, Path]]:
    """(source, destination) of each copy of an entry."""
    sources = root.matches(entry.source)
    if not sources and not entry.optional:
        raise ConfigError(f"the source {entry.source!r} of {entry.dest!r} is missing")
    into = entry.dest.endswith("/") and not entry.source.endswith("/")
    dest = root.path(entry.dest)
    return [(source, dest / source.name if into else dest) for source in sources]


def copies(entry: ConfigFile, source: Path, dest: Path) -> Iterator[Copy]:
    """All copies from one source, directories before their content."""
    owner = None if entry.preserve_properties else parse_owner(entry.owner)
    mode = 0 if entry.preserve_properties else parse_mode(entry.perm)
    top = Copy(source, dest, owner, mode, entry.merge)
    yield top
    if top.directory:
        for child in sorted(source.iterdir()):
            yield from copies(entry, child, dest / child.name)


def put(copy: Copy) -> None:
    """Make a copy, in place of what is there; a directory keeps its content."""
    copy.dest.parent.mkdir(parents=True, exist_ok=True)
    if not (copy.directory and is_folder(copy.dest)):
        remove(copy.dest)
    if copy.link:
        copy.dest.symlink_to(os.readlink(copy.source))
        return
    if copy.directory:
        copy.dest.mkdir(exist_ok=True)
    else:
        write_copy(copy.source, copy.dest)
    set_status(copy.dest, *copy.status())
