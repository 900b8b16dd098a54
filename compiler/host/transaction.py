"""One change of the host: what all parts of it work with."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import NamedTuple

from .activity import TimeLimitError
from .installed import Installed
from .machine import Machine
from .plan import Plan
from .store import Generation
from .systemd import control
from .wire import Pusher


class Transaction(NamedTuple):
    """A plan and what is needed to carry it out. Only the record `installed` changes."""

    machine: Machine
    pusher: Pusher
    wanted: Generation
    plan: Plan
    installed: Installed
    timeout: float  # seconds that the units of a step may take to come up

    def control(
        self,
        verb: str,
        names: Sequence[str],
        *,
        mode: str = "replace",
        waits: bool = True,
        limit: float | None = None,
    ) -> None:
        """Start or stop units together, and wait for so many seconds at most.

        Whether that worked is read from the units' states.
        """
        if names:
            with contextlib.suppress(TimeLimitError):  # what it asked for goes on in systemd
                control(self.machine, verb, names, limit=limit or self.timeout, mode=mode, waits=waits)
