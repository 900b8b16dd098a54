"""Room on disk, looked at before anything is written."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NoReturn

from .machine import Machine
from .wire import RefusedError

BLOCK = 4096  # bytes: a file takes whole blocks
RESERVE = 1 << 20  # bytes for folders, records and links


class _Need:
    """What the file system of a folder must have room for."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.size = RESERVE
        self.entries: set[str] = set()

    def check(self) -> None:
        status = os.statvfs(self.folder)
        free = status.f_bavail * status.f_frsize
        if free < self.size:
            self._refuse(f"{_megabytes(self.size)} are needed, {_megabytes(free)} are free")
        if status.f_files and status.f_favail < len(self.entries):  # btrfs counts none
            self._refuse(f"{len(self.entries)} inodes are needed, {status.f_favail} are free")

    def _refuse(self, room: str) -> NoReturn:
        raise RefusedError(
            f"the file system of `{self.folder}` is full: {room}", "free disk space and push again"
        )


def check_space(machine: Machine, sizes: Mapping[str, int]) -> None:
    """Refuse files, path → bytes, for which a file system has no room, and say how much it needs."""
    needs: dict[int, _Need] = {}
    devices: dict[str, int] = {}  # of folders that are there
    for path, size in sizes.items():
        new = [machine.place(path)]
        while (folder := _parent(new[-1])) not in devices and not os.path.isdir(folder):
            new.append(folder)
        if folder not in devices:
            devices[folder] = os.stat(folder).st_dev
        need = needs.setdefault(devices[folder], _Need(folder))
        need.size += -(-size // BLOCK) * BLOCK
        need.entries.update(new)
    for need in needs.values():
        need.check()


def _parent(path: str) -> str:
    return path.rpartition("/")[0] or "/"


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"
