"""A small disk that loses its power: an ext4 file system in a file, with a folder as its content."""

from __future__ import annotations

import ctypes
import fcntl
import os
import struct
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.support.fail_points import for_each

SIZE = 16 << 20
# What is not flushed is lost, also where ext4 would by default guess that a program has forgotten to flush.
OPTIONS = "loop,noauto_da_alloc,commit=300"
_SHUTDOWN = 2 << 30 | 4 << 16 | ord("X") << 8 | 125  # EXT4_IOC_SHUTDOWN, _IOR('X', 125, __u32)
_NEW_MOUNTS = 0x20000  # CLONE_NEWNS
_DROP = struct.pack("I", 2)  # EXT4_GOING_FLAGS_NOLOGFLUSH: not even the journal is written


@dataclass(frozen=True)
class Disk:
    """A disk, mounted on a folder."""

    image: Path
    folder: Path

    def loses_power(self) -> None:
        """Drop everything that was not flushed. Nothing can be read or written any more."""
        descriptor = os.open(self.folder, os.O_RDONLY)
        fcntl.ioctl(descriptor, _SHUTDOWN, _DROP)
        os.close(descriptor)

    def comes_back(self) -> None:
        """Mount it again, as at a boot."""
        _unmount(self.folder)
        _run("mount", "-o", OPTIONS, self.image, self.folder)


def formatted(content: Path, image: Path) -> None:
    """Write the image of a disk that contains a folder."""
    image.touch()
    os.truncate(image, SIZE)
    _run("mkfs.ext4", "-q", "-F", "-b", "1024", "-d", content, image)


@cache
def _keep_mounts_private() -> None:
    """Show this process's mounts to no other: one that copies them would keep a dead disk in use."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_NEW_MOUNTS):
        raise OSError(ctypes.get_errno(), "mounts cannot be private")
    _run("mount", "--make-rprivate", "/")


@contextmanager
def mounted(image: Path, folder: Path) -> Iterator[Disk]:
    """The disk of an image, mounted on a folder; only this process and its children see it."""
    _keep_mounts_private()
    _run("mount", "-o", OPTIONS, image, folder)
    try:
        yield Disk(image, folder)
    finally:
        _unmount(folder)


@cache
def why_no_disk() -> str | None:
    """Why this machine cannot mount a disk; None if it can."""
    if os.geteuid() != 0:
        return "mounts a file system: needs root"
    try:
        for_each(["a trial"], lambda name: _try_to_lose_power())
    except AssertionError as error:
        return f"mounts a file system: {str(error).splitlines()[-2]}"
    return None


def _try_to_lose_power() -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "content").mkdir()
        formatted(folder / "content", folder / "image")
        with mounted(folder / "image", folder / "content") as disk:
            disk.loses_power()


def _unmount(folder: Path) -> None:
    """Unmount a disk, when the last process that has a file of it open has ended."""
    deadline = time.monotonic() + 20
    while subprocess.run(("umount", folder), capture_output=True).returncode:
        assert time.monotonic() < deadline, f"{folder} is still in use"
        time.sleep(0.02)


def _run(*argv: str | Path) -> None:
    subprocess.run(argv, check=True, capture_output=True)
