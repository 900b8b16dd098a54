"""Writing files so that a reader sees the old content or the new one, and never a part."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import IO

from compiler.diagnostics import HeatsinkError, reason

_numbers = count()


def replace_file(path: Path, content: bytes, mode: int, *, durable: bool = False) -> None:
    """Write a file beside its place and rename it, creating folders above it. OSError is the caller's.

    `durable`: the new content survives a power failure once this returns. It costs two flushes of the disk.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = f"{path.parent}/.{path.name}.{os.getpid()}.{next(_numbers)}"
    try:
        create_file(beside, content, mode)
        if durable:
            _flush(beside)
        os.replace(beside, path)  # noqa: PTH105 - a Path for each of many thousand files costs
    except OSError:
        Path(beside).unlink(missing_ok=True)
        raise
    if durable:
        _flush(path.parent)


@contextmanager
def replacing(path: Path, mode: int | None = None) -> Iterator[IO[bytes]]:
    """A file beside a place, to be written piece by piece as it may be larger than memory. It takes the place
    when it is complete and on disk. Raises HeatsinkError if it cannot be written."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("wb") as file:
            if mode is not None:
                beside.chmod(mode)
            yield file
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        raise HeatsinkError(f"`{path}` cannot be written: {reason(error)}") from None
    finally:
        beside.unlink(missing_ok=True)


def create_file(path: str, content: bytes, mode: int) -> None:
    """Write a file that must not be there yet."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        written = os.write(descriptor, content)
        while written < len(content):  # a full disk accepts a part first
            written += os.write(descriptor, content[written:])
    finally:
        os.close(descriptor)


def _flush(path: str | Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
