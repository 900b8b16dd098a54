"""One change of the host: what all parts of it work with."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence

from .installed import Installed
from .machine import Machine
from .plan import Plan
from .store import Generation
from .wire import Pusher, PusherLeft, counted


@dataclasses.dataclass(frozen=True)
class Transaction:
    """A plan and what is needed to carry it out. Only the record `installed` changes."""

    machine: Machine
    pusher: Pusher
    wanted: Generation
    plan: Plan
    installed: Installed
    timeout: float  # seconds that the units of a step may take to come up

    def systemctl(self, verb: str, names: Sequence[str]) -> None:
        """Start or stop units together. Whether that worked is read from the units' states."""
        if not names:
            return
        text = f"waiting for {counted(len(names), 'unit')}"
        deadline = time.monotonic() + self.timeout
        with self.machine.start(("systemctl", verb, *names)) as job:
            try:
                while not self.pusher.wait_until(lambda: job.poll() is not None, text):
                    if time.monotonic() > deadline:
                        job.kill()
            except PusherLeft:
                job.kill()  # what it asked for goes on in systemd
                raise
