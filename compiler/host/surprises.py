"""What no plan can know: units that go down or come up while it is carried out. Each is a warning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .jobs import DOWN, Start
from .manifest import Unit, names_of
from .systemd import active_states
from .transaction import Transaction
from .units import is_running, units_up


def came_up_with_old_files(change: Transaction) -> list[str]:
    """Units that were down, and that something else has started while their new files are not installed."""
    starts = [start.name for start in change.plan.starts if not start.restarts and start.why != DOWN]
    states = active_states(change.machine, starts)
    names = [name for name in starts if is_running(states[name]) and name not in change.plan.stops_before]
    _warn(change, names, "came up after the plan was made: stopped, to start with its new files")
    return names


def came_up_before_its_step(
    change: Transaction, starts: Sequence[Start], states: Mapping[str, str]
) -> list[Unit]:
    """Units that were down, and that something else has started since the files were installed."""
    running = [start.unit for start in starts if not start.restarts and is_running(states[start.name])]
    _warn(change, names_of(running), "came up before its step: not started again")
    return running


def went_down(change: Transaction, units: Sequence[Unit], states: Mapping[str, str]) -> list[Unit]:
    """Units that were up when the plan was made, and are not any more."""
    up = units_up(change.machine, units, states)
    down = [unit for unit in units if unit.name not in up]
    _warn(change, names_of(down), "went down after the plan was made: started again")
    return down


def _warn(change: Transaction, names: Sequence[str], what: str) -> None:
    for name in names:
        change.pusher.send("warning", text=f"`{name}` {what}")
