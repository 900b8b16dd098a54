"""Installs a configuration, in the order of Kolla's conventions."""

import stat

from .config import Config
from .copies import copies, put, targets
from .entries import ConfigFile, Permission, Place
from .errors import ConfigError, report
from .files import Root, is_folder, remove, set_status
from .originals import ABSENT, COPIED, Originals
from .ownership import directory_mode, parse_mode, parse_owner

COMMAND = "/run_command"


def install(root: Root, config: Config) -> None:
    """Install the whole configuration."""
    originals = Originals(root)
    originals.restore()
    for place in config.directories:
        _make_directory(root, place)
    for place in config.files:
        _make_file(root, place)
    for file in config.config_files:
        _copy(root, file, originals)
    command = root.path(COMMAND)
    command.write_text(config.command)
    command.chmod(0o644)
    for permission in config.permissions:
        _apply(root, permission)


def _make_directory(root: Root, place: Place) -> None:
    path = root.path(place.path)
    if path.is_symlink():
        raise ConfigError(f"the directory {place.path!r} is a symbolic link")
    path.mkdir(parents=True, exist_ok=True)
    set_status(path, *parse_owner(place.owner), directory_mode(parse_mode(place.perm)))


def _make_file(root: Root, place: Place) -> None:
    path = root.path(place.path)
    if path.is_symlink() or path.is_dir():
        kind = "symbolic link" if path.is_symlink() else "directory"
        raise ConfigError(f"the file {place.path!r} is a {kind}")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    set_status(path, *parse_owner(place.owner), parse_mode(place.perm))


def _copy(root: Root, file: ConfigFile, originals: Originals) -> None:
    for source, dest in targets(root, file):
        wanted = list(copies(file, source, dest))
        if not file.merge:
            originals.save(dest)
            remove(dest)
        for copy in wanted:
            if originals.remains(copy):
                continue
            if file.merge:
                originals.save(copy.dest, COPIED if copy.directory else ABSENT)
            put(copy)


def _apply(root: Root, permission: Permission) -> None:
    """Set owner and mode of all paths of a permissions entry; of links, only the owner."""
    owner = parse_owner(permission.owner)
    tops = root.matches(permission.path)
    if not tops and not permission.optional:
        report(f"permissions: {permission.path} does not exist")
    for top in tops:
        for path in (top, *(sorted(top.rglob("*")) if permission.recurse and is_folder(top) else ())):
            if not permission.excludes(root.name(path)):
                mode = parse_mode(permission.perm) if permission.perm else stat.S_IMODE(path.lstat().st_mode)
                set_status(path, *owner, directory_mode(mode) if path.is_dir() else mode)
