"""Room on disk, looked at before anything is written."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from .machine import Machine
from .wire import RefusedError

BLOCK = 4096  # bytes: a file takes whole blocks
RESERVE = 1 << 20  # bytes for folders, records and links


def check_space(machine: Machine, sizes: Mapping[str, int]) -> None:
    """Refuse files, path → bytes, for which a file system has no room, and say how much it needs."""
    needs: dict[int, int] = {}
    folders: dict[int, Path] = {}
    for path, size in sizes.items():
        folder = _existing(machine.path(path))
        device = folder.stat().st_dev
        folders.setdefault(device, folder)
        needs[device] = needs.get(device, RESERVE) + -(-size // BLOCK) * BLOCK
    for device, folder in folders.items():
        status = os.statvfs(folder)
        free = status.f_bavail * status.f_frsize
        if free < needs[device]:
            raise RefusedError(
                f"the file system of `{folder}` is full: {_megabytes(needs[device])} are needed,"
                f" {_megabytes(free)} are free",
                "free disk space and push again",
            )


def _existing(path: Path) -> Path:
    """The nearest folder above a path that exists."""
    return next(parent for parent in path.parents if parent.is_dir())


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"
