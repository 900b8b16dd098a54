"""States of units, as systemd and the engine report them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence

from .engine import healths_of, passes_check
from .machine import Machine
from .manifest import Unit, names_of

RESTARTS = 5  # a unit that systemd restarts this often while it should come up has failed
PROPERTIES = (
    "Id",
    "LoadState",
    "ActiveState",
    "SubState",
    "Result",
    "NRestarts",
    "ActiveEnterTimestamp",
    "StateChangeTimestamp",
)
# The units to which systemd passes a stop on (systemd.unit(5)).
DEPENDENTS = ("RequiredBy", "RequisiteOf", "BoundBy", "ConsistsOf", "PropagatesStopTo")


@dataclasses.dataclass(frozen=True)
class UnitState:
    """The state of a unit, as systemd reports it."""

    active: str  # active, activating, inactive, failed, …
    sub: str
    result: str
    restarts: int
    since: int | None  # seconds since 1970

    @property
    def is_running(self) -> bool:
        """Whether there is something to stop: it is up, or comes up or down."""
        return self.active not in ("inactive", "failed")

    @property
    def words(self) -> str:
        """As `systemctl status` shows it: `active (running)`."""
        return f"{self.active} ({self.sub})" if self.sub not in ("", self.active) else self.active


def unit_states(machine: Machine, names: Sequence[str]) -> dict[str, UnitState]:
    """The state of each unit, from one call; a unit that systemd does not know is inactive."""
    return {name: _unit_state(shown) for name, shown in _shown(machine, names, PROPERTIES).items()}


def dependents(machine: Machine, names: Iterable[str]) -> dict[str, list[str]]:
    """Unit → those that systemd stops with it: of these units, and of all that stop with them."""
    stopping: dict[str, list[str]] = {}
    while names := sorted(set(names) - stopping.keys()):
        for name, shown in _shown(machine, names, ("Id", *DEPENDENTS)).items():
            stopping[name] = sorted({unit for key in DEPENDENTS for unit in shown.get(key, "").split()})
        names = {unit for units in stopping.values() for unit in units}
    return stopping


def _shown(machine: Machine, names: Sequence[str], properties: Sequence[str]) -> dict[str, dict[str, str]]:
    """Unit → its properties, from one call."""
    if not names:
        return {}
    argv = ("systemctl", "show", "--timestamp=unix", f"--property={','.join(properties)}", *names)
    blocks = machine.run(argv).stdout.strip().split("\n\n")
    shown = [dict(line.partition("=")[::2] for line in block.splitlines()) for block in blocks]
    return {name: shown[index] if index < len(shown) else {} for index, name in enumerate(names)}


def _unit_state(properties: Mapping[str, str]) -> UnitState:
    active = properties.get("ActiveState", "inactive")
    stamp = properties.get("ActiveEnterTimestamp" if active == "active" else "StateChangeTimestamp", "")
    return UnitState(
        active=active,
        sub="not found" if properties.get("LoadState") == "not-found" else properties.get("SubState", ""),
        result=properties.get("Result", ""),
        restarts=int(properties.get("NRestarts") or 0),
        since=int(stamp[1:]) if stamp.startswith("@") and stamp[1:].isdigit() else None,
    )


def is_up(machine: Machine, unit: Unit, state: UnitState) -> bool:
    """Whether a service is active, or a run-once unit is done: its stamp says so even after a reboot."""
    if unit.runs_once and unit.stamp:
        return machine.path(unit.stamp).exists() and state.active != "activating"
    return state.active == "active"


def units_up(machine: Machine, units: Sequence[Unit], states: Mapping[str, UnitState]) -> frozenset[str]:
    """The names of those units that are up, by their states and stamps."""
    return frozenset(unit.name for unit in units if is_up(machine, unit, states[unit.name]))


def verdicts(machine: Machine, engine: str, units: Sequence[Unit]) -> dict[str, str]:
    """Unit → `up`, `waiting`, or why it has failed."""
    states = unit_states(machine, names_of(units))
    by_unit = {unit.name: _verdict(machine, unit, states[unit.name]) for unit in units}
    checked = [unit for unit in units if unit.health and by_unit[unit.name] == "up"]
    healths = healths_of(machine, engine, checked)
    for unit in checked:
        if healths.get(unit.container) != "healthy" and not passes_check(machine, engine, unit):
            by_unit[unit.name] = "waiting"
    return by_unit


def _verdict(machine: Machine, unit: Unit, state: UnitState) -> str:
    if is_up(machine, unit, state):
        return "up"
    # With Restart=always a unit that never works is `activating`, not `failed`: only the restarts tell.
    if state.restarts >= RESTARTS:
        return f"restarted {state.restarts} times by systemd"
    if state.active in ("activating", "deactivating", "reloading"):
        return "waiting"
    return f"{state.words}, result {state.result}" if state.result != "success" else state.words
