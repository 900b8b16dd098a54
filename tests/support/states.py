"""The state of a folder as a value: read, compared, and put into a new folder."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Entry:
    """What is in one place of a folder: a file, a link or a folder. Files of one `inode` are hard links."""

    mode: int
    content: bytes | str
    inode: int = 0


State = Mapping[str, Entry]  # relative path → what is there, folders before what is in them


def state_of(folder: Path) -> State:
    """Everything in a folder. Each file is read once for all its hard links."""
    contents: dict[int, bytes] = {}
    return dict(_entries(str(folder), "", contents))


def _entries(top: str, below: str, contents: dict[int, bytes]) -> Iterator[tuple[str, Entry]]:
    for item in sorted(os.scandir(f"{top}/{below}"), key=lambda item: item.name):
        path = f"{below}{item.name}"
        status = item.stat(follow_symlinks=False)
        if item.is_symlink():
            yield path, Entry(status.st_mode, str(Path(item.path).readlink()))
        elif item.is_dir():
            yield path, Entry(status.st_mode, "")
            yield from _entries(top, f"{path}/", contents)
        else:
            inode = status.st_ino if status.st_nlink > 1 else 0
            content = contents.get(inode) or Path(item.path).read_bytes()
            if inode:
                contents[inode] = content
            yield path, Entry(status.st_mode, content, inode)


def place(state: State, folder: Path) -> None:
    """Create a folder with everything of a state."""
    folder.mkdir()
    first: dict[int, str] = {}
    for name, entry in state.items():
        path = f"{folder}/{name}"
        if stat.S_ISLNK(entry.mode):
            Path(path).symlink_to(str(entry.content))
        elif stat.S_ISDIR(entry.mode):
            Path(path).mkdir(stat.S_IMODE(entry.mode))
        elif entry.inode in first:
            os.link(first[entry.inode], path)
        else:
            _write(path, entry)
            if entry.inode:
                first[entry.inode] = path


def _write(path: str, entry: Entry) -> None:
    assert isinstance(entry.content, bytes)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    os.write(descriptor, entry.content)
    os.fchmod(descriptor, stat.S_IMODE(entry.mode))
    os.close(descriptor)
