"""What lies on the host, and who is changing it."""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import json
import time
from collections.abc import Iterator

from .layout import INSTALLED, LOCK
from .machine import Machine, write
from .manifest import from_entry
from .wire import Refusal

LOCK_PATIENCE = 5.0  # seconds that a host program whose pusher died gets to end its step


@dataclasses.dataclass
class Installed:
    """What heatsink put on this host. Written before things happen as well, so it never says too little."""

    generation: int = 0
    engine: str = ""
    reload: bool = False  # systemd has not read the units' files since they changed
    files: list[str] = dataclasses.field(default_factory=list)
    links: list[str] = dataclasses.field(default_factory=list)
    folders: list[str] = dataclasses.field(default_factory=list)  # those that we made
    units: dict[str, str] = dataclasses.field(
        default_factory=dict
    )  # name → the hash it came up with, "" before
    prepared: dict[str, str] = dataclasses.field(default_factory=dict)  # path → hash of what was applied

    @classmethod
    def on(cls, machine: Machine) -> Installed:
        """What the host says; nothing at all before the first push."""
        try:
            return from_entry(cls, json.loads(machine.path(INSTALLED).read_bytes()))
        except FileNotFoundError:
            return cls()

    def save(self, machine: Machine) -> None:
        """Put it on the disk."""
        write(machine.path(INSTALLED), json.dumps(dataclasses.asdict(self)).encode(), 0o600)


@contextlib.contextmanager
def locked(machine: Machine, owner: str) -> Iterator[None]:
    """Keep every other pusher out, or refuse and say who is at it."""
    path = machine.path(LOCK)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as lock:
        deadline = time.monotonic() + LOCK_PATIENCE
        while not _flock(lock.fileno()):
            if time.monotonic() > deadline:
                lock.seek(0)
                raise Refusal(f"is being changed by {lock.read().strip()}", hint="wait until that has ended")
            time.sleep(0.1)
        lock.truncate(0)
        lock.write(f"{owner} since {time.strftime('%Y-%m-%d %H:%M:%S')}\n")
        lock.flush()
        yield
        lock.truncate(0)


def _flock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
