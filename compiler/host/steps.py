"""Starts units step by step, and waits until they are up."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from .jobs import Start
from .journal import journal, masked
from .manifest import Unit, names_of
from .surprises import came_up_before_its_step, went_down
from .systemd import active_states, reset_failed
from .transaction import Transaction
from .units import unit_states, units_up
from .watch import Watch
from .wire import counted


class Failure(NamedTuple):
    """A unit that did not come up: why, the last lines of its journal, and what to do next."""

    unit: str
    why: str
    journal: Sequence[str]
    hint: str


class Result(NamedTuple):
    """The result of a step: the units that were started, and those that did not come up."""

    started: Sequence[str]
    failed: Sequence[Failure]

    @property
    def row(self) -> dict[str, object]:
        """How it is reported."""
        return {"started": self.started, "failed": [failure._asdict() for failure in self.failed]}


def bring_up(change: Transaction, step: int, *, is_last: bool) -> Result:
    """Start the units that the plan starts in a step, all at once, and wait for them."""
    since = time.time()
    planned = change.plan.starts_in(step)
    others = _looked_at(change, step, is_last=is_last)
    states = active_states(change.machine, [*(start.name for start in planned), *names_of(others)])
    running = came_up_before_its_step(change, planned, states)
    starts = [start for start in planned if start.unit not in running]
    # Each of these comes back as soon as it is down. Others come back when all are down: those with which
    # systemd stops further ones, which it would start again at once, before their step, and those of which
    # one gets the port of another.
    restarting = {start.name for start in starts if start.restarts and start.alone}
    _stop(change, [start for start in starts if start.name not in restarting])
    started = [*(start.unit for start in starts), *went_down(change, others, states)]
    deadline = time.monotonic() + change.timeout
    _start(change, started, restarting, step)
    awaited = [*started, *running]
    watch = Watch(change, awaited, restarting=restarting)
    watch.wait(deadline)
    _record(change, [*awaited, *others], watch.failures)
    return Result(started=names_of(started), failed=_failures(change, awaited, watch.failures, since))


def _looked_at(change: Transaction, step: int, *, is_last: bool) -> list[Unit]:
    """Units that are not planned to start in a step, and start again then if they have gone down meanwhile:
    those of the step, and in the last one those of all steps in which nothing was to start."""
    busy = {start.unit.step for start in change.plan.starts}
    planned = {start.name for start in change.plan.starts}
    return [
        unit
        for unit in change.wanted.services
        if unit.name not in planned and (unit.step == step if unit.step in busy else is_last)
    ]


def settle(change: Transaction, seconds: float, states: Mapping[str, str]) -> Result:
    """Wait until all that was started, or has gone down meanwhile, has stayed up for some seconds."""
    since = time.time() - change.timeout
    starts = {start.name for start in change.plan.starts}
    up = units_up(change.machine, change.wanted.services, states)
    units = [unit for unit in change.wanted.services if unit.name in starts or unit.name not in up]
    fallen = [unit.name for unit in units if unit.name not in starts]
    old = {name: state.restarts for name, state in unit_states(change.machine, fallen).items()}
    watch = Watch(change, units, stay=seconds, old=old)
    watch.wait(time.monotonic() + max(change.timeout, seconds + 1))
    if watch.failures:
        _record(change, units, watch.failures)
    return Result(started=(), failed=_failures(change, units, watch.failures, since))


def start_targets(change: Transaction) -> dict[str, str]:
    """Start the targets that are not active; the active states of all units before that."""
    states = active_states(change.machine, names_of(change.wanted.units))
    targets = [unit.name for unit in change.wanted.units if unit.is_target]
    change.control("start", [name for name in targets if states[name] != "active"])
    return states


def _stop(change: Transaction, starts: Sequence[Start]) -> None:
    """Stop those units that run."""
    _forget(change, [start.unit for start in starts])
    change.control("stop", [start.name for start in starts if start.restarts])


def _start(change: Transaction, units: Sequence[Unit], restarting: Collection[str], step: int) -> None:
    """Start units, or restart them, together with the target of their step."""
    if not units:
        return
    _forget(change, units)
    reset_failed(change.machine, names_of(units))  # the starts of earlier pushes do not count for its limit
    change.pusher.send("progress", text=f"step {step}: starting {counted(len(units), 'unit')}")
    # The target first: systemd then orders everything that it pulls in within one transaction.
    targets = [unit for unit in change.wanted.units if unit.name == f"heatsink-step{step}.target"]
    # It does not wait: a job that is stuck must not keep others from being looked at.
    starting = [unit for unit in units if unit.name not in restarting]
    if starting:
        change.control("start", names_of([*targets, *starting]), waits=False)
    change.control("restart", sorted(restarting), waits=False)


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


def _failures(
    change: Transaction, units: Sequence[Unit], failures: Mapping[str, str], since: float
) -> list[Failure]:
    """The units that failed, with the last lines of their journals."""
    return [
        Failure(
            unit=unit.name,
            why=failures[unit.name],
            journal=[masked(line, change.wanted.secrets) for line in journal(change.machine, unit, since)],
            hint=f"see `journalctl -u {unit.name}` on the host; fix the cause, compile and push again",
        )
        for unit in units
        if unit.name in failures
    ]
