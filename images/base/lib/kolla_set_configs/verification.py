"""Checks that an installed configuration is unchanged."""

import filecmp
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Optional

from .config import Config
from .copies import Copy, copies, targets
from .errors import ConfigError
from .files import Root, is_folder
from .installation import COMMAND
from .originals import MADE, Originals
from .ownership import directory_mode, parse_mode, parse_owner


def check(root: Root, config: Config) -> None:
    """Raise ConfigError if the next start would change what `install` installed."""
    command = root.path(COMMAND)
    if not command.exists() or command.read_text() != config.command:
        raise ConfigError(f"{COMMAND} is not the command {config.command!r}")
    outcome = Outcome(root, config)
    originals = Originals(root)
    for copy in outcome.copies.values():
        difference = None if originals.remains(copy) else _difference(root, config, copy)
        if difference:
            raise ConfigError(f"{copy.dest} is not {copy.source}: {difference}")
    for path in outcome.unexplained(originals.replaced()):
        raise ConfigError(f"{path} is not in any source")
    for name in sorted(originals.known, key=lambda name: (originals.known[name] == MADE, name)):
        if not outcome.explains(root.path(name), only_made=originals.known[name] == MADE):
            raise ConfigError(f"{name} was installed by an entry that is gone")


class Outcome:
    """What a start leaves behind: the copy at each path, and the paths that are replaced as a whole."""

    def __init__(self, root: Root, config: Config) -> None:
        self.copies: dict[Path, Copy] = {}
        self.wholes: set[Path] = set()
        self.explained: set[Path] = set()  # the paths of copies, and the folders above them
        for entry in config.config_files:
            for source, dest in targets(root, entry):
                if not entry.merge:
                    self._replace(dest)
                for copy in copies(entry, source, dest):
                    self._add(copy)

    def unexplained(self, replaced: set[Path]) -> Iterator[Path]:
        """Files that no entry copies, in directories that are, or once were, replaced as a whole."""
        for top in sorted(filter(is_folder, self.wholes | replaced)):
            yield from sorted(set(top.rglob("*")) - self.explained)

    def explains(self, path: Path, *, only_made: bool) -> bool:
        """Whether an entry still has to do with a path; a folder that was only made may hold its copies."""
        is_copy = path in self.copies or not self.wholes.isdisjoint((path, *path.parents))
        return is_copy or (only_made and path in self.explained)

    def _replace(self, dest: Path) -> None:
        if dest in self.explained:
            kept = {path: copy for path, copy in self.copies.items() if dest not in (path, *path.parents)}
            self.copies = kept
            self.explained = set(kept).union(*(path.parents for path in kept))
        self.wholes.add(dest)

    def _add(self, copy: Copy) -> None:
        if not copy.directory:
            self._replace(copy.dest)
        self.copies[copy.dest] = copy
        self.explained.update((copy.dest, *copy.dest.parents))


def _difference(root: Root, config: Config, copy: Copy) -> Optional[str]:
    """The difference between a copy and its source, or None."""
    if not os.path.lexists(copy.dest):
        return "missing"
    if copy.link or copy.dest.is_symlink():
        same = copy.link and copy.dest.is_symlink() and os.readlink(copy.source) == os.readlink(copy.dest)
        return None if same else "another link"
    if copy.directory != copy.dest.is_dir():
        return "of another kind"
    if not copy.directory and not filecmp.cmp(copy.source, copy.dest, shallow=False):
        return "other content"
    current = copy.dest.stat()
    same = (current.st_uid, current.st_gid, stat.S_IMODE(current.st_mode)) == _status(root, config, copy)
    return None if same else "another owner or mode"


def _status(root: Root, config: Config, copy: Copy) -> tuple[int, int, int]:
    """Owner, group and mode of a copy after all permissions."""
    uid, gid, mode = copy.status()
    for permission in config.permissions:
        if permission.reaches(root, copy.dest):
            uid, gid = parse_owner(permission.owner)
            mode = parse_mode(permission.perm) if permission.perm else mode
            mode = directory_mode(mode) if copy.directory else mode
    return uid, gid, mode
