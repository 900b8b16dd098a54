"""The revert timer: systemd returns the host to its generation if nobody confirms the change.

It is a transient timer unit of PID 1, which needs neither the pusher nor this program. While the pusher is
heard it is put off. It fires again until the change has ended: the first time may find the lock held by a
program that is about to end.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence

from .activity import Done
from .bus import MethodCall
from .layout import PROGRAM
from .machine import Machine, require
from .systemd import carried_out, control

UNIT = "heatsink-revert"
DESCRIPTION = "heatsink: return to the last generation"
PUT_OFF = 15.0  # seconds after which it is put off again
AGAIN = 10  # seconds after which it fires again


class RevertTimer:
    """The timer of one change."""

    def __init__(self, machine: Machine, seconds: float) -> None:
        self._machine = machine
        self._seconds = seconds
        self._armed = 0.0

    def arm(self) -> None:
        """Start the timer; one that an earlier change has left is replaced."""
        done = self._start()
        if done.returncode:
            disarm(self._machine)
            done = self._start()
        require(done, "the revert timer cannot be started")
        self._armed = time.monotonic()

    def _start(self) -> Done:
        program = ("/usr/bin/env", "python3", "-IBS", str(self._machine.path(PROGRAM)), "revert")
        return carried_out(
            self._machine, [_call(program, self._seconds)], _argv(program, self._seconds), awaits_jobs=True
        )

    def put_off(self) -> None:
        """The pusher was heard: let the whole time pass once more."""
        if time.monotonic() - self._armed > PUT_OFF:
            self._armed = time.monotonic()  # at once: the pusher is heard while the command runs, too
            control(self._machine, "restart", (f"{UNIT}.timer",))


def disarm(machine: Machine) -> None:
    """Stop the timer, if there is one."""
    control(machine, "stop", (f"{UNIT}.timer",))


def _call(program: Sequence[str], seconds: float) -> MethodCall:
    """The call that starts the timer and lets it run a program, first after so many seconds."""
    unit = (("Description", ("s", DESCRIPTION)), ("CollectMode", ("s", "inactive-or-failed")))
    times = (("OnActiveSec", int(seconds * 1e6)), ("OnUnitInactiveSec", int(AGAIN * 1e6)))
    timer = (
        *unit,
        ("TimersMonotonic", ("a(st)", times)),
        ("AccuracyUSec", ("t", 1_000_000)),
        ("RemainAfterElapse", ("b", False)),
    )
    service = (*unit, ("ExecStart", ("a(sasb)", [(program[0], program, False)])))
    units = (f"{UNIT}.timer", "fail", timer, [(f"{UNIT}.service", service)])
    return MethodCall("StartTransientUnit", "ssa(sv)a(sa(sv))", units)


def _argv(program: Sequence[str], seconds: float) -> Sequence[str]:
    """The command that does the same."""
    return (
        "systemd-run",
        "--quiet",
        "--collect",
        f"--unit={UNIT}",
        f"--description={DESCRIPTION}",
        f"--on-active={seconds:g}",
        f"--on-unit-inactive={AGAIN}",
        "--timer-property=AccuracySec=1s",
        *(f"--setenv={name}={os.environ[name]}" for name in ("HEATSINK_ROOT",) if name in os.environ),
        *program,
    )
