"""What no plan can know: units that go down or come up while it is carried out. Each is a warning."""

from __future__ import annotations

from collections.abc import Sequence

from .jobs import DOWN, Start
from .manifest import Unit, names_of
from .transaction import Transaction
from .units import unit_states, units_up


def came_up_with_old_files(change: Transaction) -> list[str]:
    """Units that were down, and that something else has started while their new files are not installed."""
    starts = [start for start in change.plan.starts if not start.restarts and start.why != DOWN]
    names = [name for name in _running(change, starts) if name not in change.plan.stops_before]
    _warn(change, names, "came up after the plan was made: stopped, to start with its new files")
    return names


def came_up_before_its_step(change: Transaction, starts: Sequence[Start]) -> list[Unit]:
    """Units that were down, and that something else has started since the files were installed."""
    names = _running(change, [start for start in starts if not start.restarts])
    _warn(change, names, "came up before its step: not started again")
    return [start.unit for start in starts if start.name in names]


def went_down(change: Transaction, step: int) -> list[Unit]:
    """Units of a step that were up when the plan was made, and are not any more."""
    planned = {start.name for start in change.plan.starts_in(step)}
    units = [unit for unit in change.wanted.services if unit.step == step and unit.name not in planned]
    up = units_up(change.machine, units, unit_states(change.machine, names_of(units)))
    down = [unit for unit in units if unit.name not in up]
    _warn(change, names_of(down), "went down after the plan was made: started again")
    return down


def _running(change: Transaction, starts: Sequence[Start]) -> list[str]:
    states = unit_states(change.machine, [start.name for start in starts])
    return [name for name, state in states.items() if state.is_running]


def _warn(change: Transaction, names: Sequence[str], what: str) -> None:
    for name in names:
        change.pusher.send("warning", text=f"`{name}` {what}")
