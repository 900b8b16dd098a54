"""The health of containers: what the engine knows of it, and checks that are run between the engine's own."""

from __future__ import annotations

import dataclasses
import os
import signal
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .engine import inspected
from .machine import LIMIT, Machine, RunningCommand, TimeLimitError
from .manifest import Unit

HEALTHY = "healthy"
DEFAULT_TIMEOUT = 30.0  # seconds: both engines'
PAUSE = 1.0  # seconds between two checks of a container
OUTPUT = 200  # characters of a check's output that are shown
MARK = "HEATSINK_CHECK"


@dataclasses.dataclass(frozen=True)
class Health:
    """The health of a container as its engine reports it, and its check."""

    status: str = ""  # healthy, unhealthy, starting; "" without a check
    streak: int = 0  # failures without a success between them
    retries: int = 0  # failures after which it is unhealthy
    output: str = ""  # the last line that the check wrote
    command: Sequence[str] = ()
    timeout: float = DEFAULT_TIMEOUT

    def words(self, output: str) -> str:
        """`health check failing (2 of 3): curl: (22) … 404`; `output` is shown if the engine has none."""
        text = self.output or output
        if not (self.streak or text):
            return "its health check has not succeeded yet"
        count = f" ({self.streak} of {self.retries})" if self.streak else ""
        return ": ".join(filter(None, (f"health check failing{count}", text)))


def healths_of(
    machine: Machine, engine: str, units: Sequence[Unit], *, limit: float = LIMIT
) -> dict[str, Health]:
    """Container → its health, from one call; those that do not exist are left out."""
    names = [unit.container for unit in units]
    containers = inspected(machine, engine, names, limit=limit)
    return {str(container["Name"]).lstrip("/"): _health(container) for container in containers}


def _health(container: Mapping[str, Any]) -> Health:
    state = container["State"]
    report = state.get("Health") or state.get("Healthcheck") or {}
    check = (container.get("Config") or {}).get("Healthcheck") or {}
    failures = [entry for entry in report.get("Log") or () if entry.get("ExitCode")]
    return Health(
        status=str(report.get("Status") or ""),
        streak=int(report.get("FailingStreak") or 0),
        retries=int(check.get("Retries") or 3),
        output=last_line(failures[-1].get("Output") or "") if failures else "",
        command=_command(check.get("Test") or ()),
        timeout=int(check.get("Timeout") or 0) / 1e9 or DEFAULT_TIMEOUT,
    )


def _command(test: Sequence[str]) -> tuple[str, ...]:
    """A test as words: engines keep `CMD-SHELL text`, `CMD word …`, or `NONE`."""
    return ("/bin/sh", "-c", *test[1:2]) if test[:1] == ["CMD-SHELL"] else tuple(test[1:])


def last_line(text: str) -> str:
    """The last line that is not empty, shortened."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:OUTPUT] if lines else ""


class Checks:
    """Checks that run in containers now, at most one in each: the engine runs its own once per interval."""

    def __init__(self, machine: Machine, engine: str) -> None:
        self._machine = machine
        self._engine = engine
        self._running: dict[str, RunningCommand] = {}
        self._due: dict[str, float] = {}
        self.outputs: dict[str, str] = {}  # container → the last line of its last check

    def has_passed(self, container: str, health: Health) -> bool:
        """Whether the check of a container has just succeeded; one is started if none runs and it is time."""
        if container not in self._running:
            self._start(container, health)
        return container in self._running and self._ended_well(container)

    def stop(self) -> None:
        """Kill what still runs."""
        for container in [*self._running]:
            self._kill(container)

    def _start(self, container: str, health: Health) -> None:
        now = time.monotonic()
        if health.command and now >= self._due.get(container, now):
            self._due[container] = now + PAUSE
            argv = (self._engine, "exec", "--env", f"{MARK}={container}", container, *health.command)
            self._running[container] = self._machine.start(argv, limit=health.timeout)

    def _ended_well(self, container: str) -> bool:
        command = self._running[container]
        try:
            if not command.has_ended():
                return False
        except TimeLimitError:
            self.outputs[container] = f"no result within {command.limit:g} s"
            self._kill(container)
            return False
        del self._running[container]
        assert command.result
        self.outputs[container] = last_line(command.result.stdout + command.result.stderr)
        return command.result.returncode == 0

    def _kill(self, container: str) -> None:
        """Kill a check: the engine's program, and what that has left running in the container."""
        self._running.pop(container).kill()
        kill_marked(f"{MARK}={container}")


def kill_marked(variable: str) -> None:
    """Kill all processes of the host that have a variable in their environment, in whatever container."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if variable.encode() in (folder / "environ").read_bytes().split(b"\0"):
                os.kill(int(folder.name), signal.SIGKILL)
        except OSError:  # it has ended meanwhile, or is a thread of the kernel
            continue
