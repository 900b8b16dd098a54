"""The revert timer: systemd returns the host to its generation if nobody confirms the change.

It is a transient timer unit of PID 1, which needs neither the pusher nor this program. While the pusher is
heard it is put off. It fires again until the change has ended: the first time may find the lock held by a
program that is about to end.
"""

from __future__ import annotations

import os
import time

from .layout import PROGRAM
from .machine import Machine, require

UNIT = "heatsink-revert"
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
        program = ("python3", "-IBS", str(self._machine.path(PROGRAM)), "revert")
        options = (
            f"--unit={UNIT}",
            "--description=heatsink: return to the last generation",
            f"--on-active={self._seconds:g}",
            f"--on-unit-inactive={AGAIN}",
            "--timer-property=AccuracySec=1s",
            *(f"--setenv={name}={os.environ[name]}" for name in ("HEATSINK_ROOT",) if name in os.environ),
        )
        argv = ("systemd-run", "--quiet", "--collect", *options, *program)
        done = self._machine.run(argv)
        if done.returncode:
            disarm(self._machine)
            done = self._machine.run(argv)
        require(done, "the revert timer cannot be started")
        self._armed = time.monotonic()

    def put_off(self) -> None:
        """The pusher was heard: let the whole time pass once more."""
        if time.monotonic() - self._armed > PUT_OFF:
            self._armed = time.monotonic()  # at once: the pusher is heard while the command runs, too
            self._machine.systemctl("restart", f"{UNIT}.timer")


def disarm(machine: Machine) -> None:
    """Stop the timer, if there is one."""
    machine.systemctl("stop", f"{UNIT}.timer")
