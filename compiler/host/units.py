"""States of units, as systemd and the engine report them."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from .machine import Machine
from .manifest import Unit
from .systemd import properties
from .wire import RefusedError, counted

PROPERTIES = (
    "LoadState",
    "ActiveState",
    "SubState",
    "Result",
    "NRestarts",
    "Job",
    "ActiveEnterTimestamp",
    "ActiveEnterTimestampMonotonic",
    "StateChangeTimestamp",
)
# The units to which systemd passes a stop on (systemd.unit(5)).
DEPENDENTS = ("RequiredBy", "RequisiteOf", "BoundBy", "ConsistsOf", "PropagatesStopTo")


class UnitState(NamedTuple):
    """The state of a unit, as systemd reports it."""

    active: str  # active, activating, inactive, failed, …
    sub: str
    result: str
    restarts: int
    since: int | None  # seconds since 1970
    has_job: bool = False  # systemd is about to start or stop it, or is doing so
    activated: float = 0.0  # when it last became active, in seconds of the monotonic clock

    @property
    def active_for(self) -> float:
        """The seconds for which it has been active without a break."""
        return time.monotonic() - self.activated if self.active in ("active", "reloading") else 0.0

    @property
    def is_running(self) -> bool:
        """Whether there is something to stop."""
        return is_running(self.active)

    @property
    def words(self) -> str:
        """As `systemctl status` shows it: `active (running)`."""
        return f"{self.active} ({self.sub})" if self.sub not in ("", self.active) else self.active


def is_running(active: str) -> bool:
    """Whether there is something to stop in this active state: the unit is up, or comes up or down."""
    return active not in ("inactive", "failed", "unknown")


def unit_states(machine: Machine, names: Sequence[str]) -> dict[str, UnitState]:
    """The state of each unit, from one call; a unit that systemd does not know is inactive."""
    return {name: _unit_state(shown) for name, shown in properties(machine, names, PROPERTIES).items()}


def origins(machine: Machine, names: Sequence[str]) -> dict[str, list[str]]:
    """Unit → the files that systemd has it from, and was made of; none of one that it does not know."""
    keys = ("FragmentPath", "SourcePath")
    return {
        name: [path for key in keys if (path := shown.get(key))]
        for name, shown in properties(machine, names, keys).items()
    }


def dependents(machine: Machine, names: Iterable[str]) -> dict[str, list[str]]:
    """Unit → those that systemd stops with it: of these units, and of all that stop with them."""
    stopping: dict[str, list[str]] = {}
    while names := sorted(set(names) - stopping.keys()):
        for name, shown in properties(machine, names, DEPENDENTS).items():
            stopping[name] = sorted({unit for key in DEPENDENTS for unit in shown.get(key, "").split()})
        names = {unit for units in stopping.values() for unit in units}
    return stopping


def _unit_state(shown: Mapping[str, str]) -> UnitState:
    active = shown.get("ActiveState", "inactive")
    stamp = shown.get("ActiveEnterTimestamp" if active == "active" else "StateChangeTimestamp", "")
    return UnitState(
        active=active,
        sub="not found" if shown.get("LoadState") == "not-found" else shown.get("SubState", ""),
        result=shown.get("Result", ""),
        restarts=int(shown.get("NRestarts") or 0),
        since=int(stamp[1:]) if stamp.startswith("@") and stamp[1:].isdigit() else None,
        has_job=shown.get("Job", "0") not in ("", "0"),
        activated=int(shown.get("ActiveEnterTimestampMonotonic") or 0) / 1e6,
    )


def is_up(machine: Machine, unit: Unit, active: str) -> bool:
    """Whether a service is active, or a run-once unit is done: its stamp says so even after a reboot. Of a
    scheduled unit, only a last run that has failed says anything."""
    if unit.is_scheduled:
        return active != "failed"
    if unit.runs_once and unit.stamp:
        return machine.path(unit.stamp).exists() and active != "activating"
    return active == "active"


def restarted(times: int) -> str:
    """`restarted 3 times by systemd`."""
    return f"restarted {counted(times, 'time')} by systemd"


def units_up(machine: Machine, units: Sequence[Unit], states: Mapping[str, str]) -> frozenset[str]:
    """The names of those units that are up, by their active states and stamps."""
    return frozenset(unit.name for unit in units if is_up(machine, unit, states[unit.name]))


def check_steps(units: Sequence[Unit], steps: Sequence[int]) -> None:
    """Refuse units of a step that the push does not take: nothing would start them."""
    for unit in units:
        if not unit.is_target and unit.step not in steps:
            raise RefusedError(
                f"`{unit.name}` is in step {unit.step}, which this push does not have",
                hint=f"steps of this push: {', '.join(map(str, steps))}",
            )
