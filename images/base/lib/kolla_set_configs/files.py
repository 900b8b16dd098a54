"""Files below a folder that stands for /: their names, copies and owners."""

import contextlib
import glob
import os
import shutil
import stat
from pathlib import Path, PurePath
from typing import Union

from .errors import report


class Root:
    """The file system below a folder, which absolute paths in the configuration are relative to."""

    def __init__(self, folder: Union[str, Path]) -> None:
        self.folder = Path(folder)

    def path(self, absolute: Union[str, PurePath]) -> Path:
        """The file that an absolute path means."""
        return self.folder / str(absolute).lstrip("/")

    def name(self, path: Path) -> str:
        """The absolute path of a file."""
        return "/" + str(path.relative_to(self.folder))

    def matches(self, pattern: str) -> list[Path]:
        """The files that match a pattern, sorted."""
        folder = Path(glob.escape(str(self.folder)))
        return [Path(path) for path in sorted(glob.glob(str(folder / pattern.lstrip("/"))))]


def is_folder(path: Path) -> bool:
    """Whether a path is a directory, and not a link to one."""
    return path.is_dir() and not path.is_symlink()


def remove(path: Path) -> None:
    """Delete a file, a link or a whole directory, if it exists."""
    if is_folder(path):
        shutil.rmtree(path)
    else:
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            path.unlink()


def set_status(path: Path, uid: int, gid: int, mode: int) -> None:
    """Set owner and mode; a refusal, as by a read-only mount, does not prevent the start."""
    try:
        os.chown(path, uid, gid, follow_symlinks=False)
        if not path.is_symlink():
            path.chmod(mode)
    except OSError as error:
        report(f"{path}: {error.strerror}")


def write_copy(source: Path, dest: Path) -> None:
    """Copy a file, which may be a secret: only root can read it until it has its owner and mode."""
    descriptor = os.open(dest, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "wb") as target, source.open("rb") as content:
        shutil.copyfileobj(content, target)


def clone(source: Path, dest: Path) -> None:
    """Copy a file or a tree with owners, modes and links."""
    dest.parent.mkdir(parents=True, exist_ok=True)
    if source.is_symlink():
        dest.symlink_to(os.readlink(source))
    elif source.is_dir():
        dest.mkdir()
        for child in sorted(source.iterdir()):
            clone(child, dest / child.name)
    else:
        write_copy(source, dest)
    original = source.lstat()
    set_status(dest, original.st_uid, original.st_gid, stat.S_IMODE(original.st_mode))
