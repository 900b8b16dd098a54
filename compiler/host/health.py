"""The health of containers: what the engine knows of it, and checks that are run between the engine's own."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from .activity import TimeLimitError
from .engine import inspected, not_understood
from .machine import Machine
from .manifest import Unit

if TYPE_CHECKING:
    from .command import RunningCommand

HEALTHY = "healthy"
UNKNOWN = "unknown"  # our own word: the engine cannot say
DEFAULT_TIMEOUT = DEFAULT_INTERVAL = 30.0  # seconds: both engines'
PAUSE = 1.0  # seconds between two checks of a container
OUTPUT = 200  # characters of a check's output that are shown
MARK = "HEATSINK_CHECK"


class Health(NamedTuple):
    """The health of a container as its engine reports it, and its check."""

    status: str = ""  # healthy, unhealthy, starting; "" without a check
    streak: int = 0  # failures without a success between them
    retries: int = 0  # failures after which it is unhealthy
    output: str = ""  # the last line that the check wrote
    command: Sequence[str] = ()
    timeout: float = DEFAULT_TIMEOUT
    interval: float = DEFAULT_INTERVAL
    start_period: float = 0.0

    @property
    def grace(self) -> float:
        """The seconds after which an engine that runs its checks calls no container `starting` any more."""
        return self.start_period + self.retries * (self.interval + self.timeout)

    def words(self, output: str) -> str:
        """`health check failing (2 of 3): curl: (22) … 404`; `output` is shown if the engine has none."""
        text = self.output or output
        if not (self.streak or text):
            return "its health check has not succeeded yet"
        return ": ".join(filter(None, (f"health check failing{self._count}", text)))

    @property
    def _count(self) -> str:
        if self.streak > self.retries:  # of a container that nothing kills
            return f" ({self.streak} times)"
        return f" ({self.streak} of {self.retries})" if self.streak else ""


def healths_of(
    machine: Machine, engine: str, units: Sequence[Unit], *, limit: float | None = None
) -> dict[str, Health]:
    """Container → its health, from one call; those that do not exist are left out.

    Raises RefusedError if the engine fails, or answers something else.
    """
    containers = inspected(machine, engine, [unit.container for unit in units], limit=limit)
    try:
        return {container["Name"].lstrip("/"): _health(container) for container in containers}
    except (AttributeError, KeyError, TypeError, ValueError):
        raise not_understood(engine, json.dumps(containers)) from None


def _health(container: Mapping[str, Any]) -> Health:
    state = container["State"]
    report = state.get("Health") or state.get("Healthcheck") or {}
    check = (container.get("Config") or {}).get("Healthcheck") or {}
    results = report.get("Log") or ()
    failures = [entry for entry in results if entry.get("ExitCode")]
    return Health(
        status=str(report.get("Status") or ""),
        streak=int(report.get("FailingStreak") or 0),
        retries=int(check.get("Retries") or 3),
        output=last_line(failures[-1].get("Output") or "") if failures else "",
        command=_command(check.get("Test") or ()),
        timeout=_seconds(check, "Timeout") or DEFAULT_TIMEOUT,
        interval=_seconds(check, "Interval") or DEFAULT_INTERVAL,
        start_period=_seconds(check, "StartPeriod"),
    )


def _seconds(check: Mapping[str, Any], key: str) -> float:
    """A time of a check in seconds: engines have nanoseconds."""
    return int(check.get(key) or 0) / 1e9


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
    from signal import SIGKILL  # here: most requests have no need of it

    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if variable.encode() in (folder / "environ").read_bytes().split(b"\0"):
                os.kill(int(folder.name), SIGKILL)
        except OSError:  # it has ended meanwhile, or is a thread of the kernel
            continue
