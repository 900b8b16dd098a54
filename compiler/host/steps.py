"""Starts units step by step, and waits until they are up."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping, Sequence

from .jobs import Start
from .journal import journal, masked
from .manifest import Unit, names_of
from .surprises import came_up_before_its_step, went_down
from .transaction import Transaction
from .units import unit_states, verdicts
from .wire import HEARTBEAT, counted


@dataclasses.dataclass(frozen=True)
class Failure:
    """A unit that did not come up: why, and the last lines of its journal."""

    unit: str
    why: str
    journal: Sequence[str]


@dataclasses.dataclass(frozen=True)
class Result:
    """The result of a step: the units that were started, and those that did not come up."""

    started: Sequence[str]
    failed: Sequence[Failure]


def bring_up(change: Transaction, step: int) -> Result:
    """Start the units that the plan starts in a step, all at once, and wait for them."""
    since = time.time()
    planned = change.plan.starts_in(step)
    running = came_up_before_its_step(change, planned)
    starts = [start for start in planned if start.unit not in running]
    _stop(change, starts)
    started = [*(start.unit for start in starts), *went_down(change, step)]
    _start(change, started, step)
    awaited = [*started, *running]
    failures = _wait(change, awaited)
    _record(change, [unit for unit in change.wanted.services if unit.step == step], failures)
    return Result(started=names_of(started), failed=_failures(change, awaited, failures, since))


def settle(change: Transaction, seconds: float) -> Result:
    """Check that everything stays up for some seconds after the last start."""
    units = change.wanted.services
    since = time.time() - HEARTBEAT
    time.sleep(seconds)
    failures = _wait(change, units)
    if failures:
        _record(change, units, failures)
    return Result(started=(), failed=_failures(change, units, failures, since))


def start_targets(change: Transaction) -> None:
    """Start the targets that are not active."""
    targets = [unit.name for unit in change.wanted.units if unit.is_target]
    states = unit_states(change.machine, targets)
    change.systemctl("start", [name for name in targets if states[name].active != "active"])


def _stop(change: Transaction, starts: Sequence[Start]) -> None:
    """Stop those units that run."""
    _forget(change, [start.unit for start in starts])
    change.systemctl("stop", [start.name for start in starts if start.restarts])


def _start(change: Transaction, units: Sequence[Unit], step: int) -> None:
    """Start units together with the target of their step."""
    if not units:
        return
    _forget(change, units)
    states = unit_states(change.machine, names_of(units))
    if failed := [name for name, state in states.items() if state.active == "failed"]:
        change.machine.run(("systemctl", "reset-failed", *failed))
    change.pusher.send("progress", text=f"step {step}: starting {counted(len(units), 'unit')}")
    # The target first: systemd then orders everything that it pulls in within one transaction.
    targets = [unit for unit in change.wanted.units if unit.name == f"heatsink-step{step}.target"]
    change.systemctl("start", names_of([*targets, *units]))


def _forget(change: Transaction, units: Sequence[Unit]) -> None:
    """Forget the hashes of units before they start, and remove the stamps of those that changed."""
    hashes = change.installed.units
    known = [unit for unit in units if hashes[unit.name]]
    for unit in known:
        if unit.stamp:
            change.machine.path(unit.stamp).unlink(missing_ok=True)
        hashes[unit.name] = ""
    if known:
        change.installed.save(change.machine)


def _record(change: Transaction, units: Sequence[Unit], failures: Mapping[str, str]) -> None:
    """Record the hash with which each unit came up."""
    hashes = change.installed.units
    before = dict(hashes)
    for unit in units:
        hashes[unit.name] = "" if unit.name in failures else change.plan.hashes[unit.name]
    if hashes != before:
        change.installed.save(change.machine)


def _wait(change: Transaction, units: Sequence[Unit]) -> dict[str, str]:
    """Wait until every unit is up or has failed; name → why, of those that failed."""
    failures: dict[str, str] = {}
    waiting = list(units)
    deadline = time.monotonic() + change.timeout
    beat, pause = time.monotonic(), 0.05
    while waiting:
        by_unit = verdicts(change.machine, change.wanted.engine, waiting)
        failures.update({name: why for name, why in by_unit.items() if why not in ("up", "waiting")})
        waiting = [unit for unit in waiting if by_unit[unit.name] == "waiting"]
        if waiting and time.monotonic() > deadline:
            failures.update({unit.name: f"not up after {change.timeout:g} s" for unit in waiting})
            break
        if time.monotonic() > beat + HEARTBEAT:
            beat = time.monotonic()
            change.pusher.send("progress", text=f"waiting for {', '.join(names_of(waiting))}")
        if waiting:
            time.sleep(pause)
            pause = min(1.0, pause * 2)
    return failures


def _failures(
    change: Transaction, units: Sequence[Unit], failures: Mapping[str, str], since: float
) -> list[Failure]:
    """The units that failed, with the last lines of their journals."""
    return [
        Failure(
            unit=unit.name,
            why=failures[unit.name],
            journal=[masked(line, change.wanted.secrets) for line in journal(change.machine, unit, since)],
        )
        for unit in units
        if unit.name in failures
    ]
