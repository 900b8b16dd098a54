"""The lock: one pusher at a time changes the host."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator

from .disk import is_folder, remove_tree
from .layout import LOCK
from .machine import Machine
from .wire import RefusedError

PATIENCE = 5.0  # seconds for a host program whose pusher died to end its step


@contextlib.contextmanager
def locked(machine: Machine, owner: str, patience: float = PATIENCE) -> Iterator[None]:
    """Hold the lock; raises RefusedError that names its owner if another program holds it."""
    path = machine.path(LOCK)
    path.parent.mkdir(parents=True, exist_ok=True)
    if is_folder(path):
        remove_tree(path)
    with path.open("a+") as lock:
        deadline = time.monotonic() + patience
        while not _flock(lock.fileno()):
            if time.monotonic() > deadline:
                lock.seek(0)
                raise RefusedError(
                    f"another command is changing this host: {lock.read().strip()}",
                    hint="wait until it has ended; if its machine is gone, it ends by itself within 30 s",
                )
            time.sleep(0.1)
        lock.truncate(0)
        lock.write(f"{owner} since {time.strftime('%Y-%m-%d %H:%M:%S')}, process {os.getpid()}\n")
        lock.flush()
        try:
            yield
        finally:
            lock.truncate(0)


def _flock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
