"""Starts units step by step, and waits until they are up."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping, Sequence

from .journal import journal, masked
from .manifest import Unit, names_of
from .transaction import Transaction
from .units import unit_states, units_up, verdicts
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
    """Start the units of a step that changed or are not up, all at once, and wait for them."""
    units = [unit for unit in change.wanted.services if unit.step == step]
    since = time.time()
    starts = _stop(change, units)
    if starts:
        change.pusher.send("progress", text=f"step {step}: starting {counted(len(starts), 'unit')}")
        # The target first: systemd then orders everything that it pulls in within one transaction.
        targets = [unit for unit in change.wanted.units if unit.name == f"heatsink-step{step}.target"]
        change.systemctl("start", names_of([*targets, *starts]))
    failures = _wait(change, starts)
    _record(change, units, failures)
    return Result(started=names_of(starts), failed=_failures(change, starts, failures, since))


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


def _stop(change: Transaction, units: Sequence[Unit]) -> list[Unit]:
    """Stop those units that have to start, because they changed or are not up, and return them."""
    machine = change.machine
    states = unit_states(machine, names_of(units))
    starts = change.plan.due(units, units_up(machine, units, states))
    _forget(change, starts)
    if failed := [unit.name for unit in starts if states[unit.name].active == "failed"]:
        machine.run(("systemctl", "reset-failed", *failed))
    running = [unit.name for unit in starts if states[unit.name].active not in ("inactive", "failed")]
    if not running:
        return starts
    change.systemctl("stop", running)
    states = unit_states(machine, names_of(units))
    return change.plan.due(units, units_up(machine, units, states))


def _forget(change: Transaction, units: Sequence[Unit]) -> None:
    """Forget the hashes of units before they start, and remove the stamps of those that changed."""
    hashes = change.installed.units
    for unit in units:
        if unit.stamp and hashes[unit.name]:
            change.machine.path(unit.stamp).unlink(missing_ok=True)
        hashes[unit.name] = ""
    if units:
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
