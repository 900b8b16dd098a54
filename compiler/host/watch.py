"""Waits until units are up: active, healthy, and without a break for as long as that is asked."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from .health import HEALTHY, Checks, Health, healths_of
from .journal import masked
from .manifest import Unit, names_of
from .systemd import active_states
from .transaction import Transaction
from .units import UnitState, is_up, restarted, unit_states, units_up
from .wire import RefusedError

RESTARTS = 5  # a unit that systemd restarts this often while it should come up has failed
NAMES = 3  # units of which it is said what they wait for


UP, WAITING, FAILED = "up", "waiting", "failed"


class Verdict(NamedTuple):
    """Whether a unit is up, has failed, or may still come up, and why."""

    outcome: str
    why: str = ""


def verdict(state: UnitState, *, up: bool, restarts: int, stay: float) -> Verdict:
    """What a unit's state says of it; `restarts` are those since it was started.

    With Restart=always a unit that never works is `activating`, not `failed`: only the restarts tell.
    """
    if up and (stay == 0 or state.active_for >= stay):
        return Verdict(UP)
    if state.has_job and state.active != "activating":  # its restarts are those of its last run
        return Verdict(WAITING, "not stopped yet" if state.is_running else "not started yet")
    if restarts >= RESTARTS:
        return Verdict(FAILED, restarted(restarts))
    if up or state.active in ("activating", "deactivating", "reloading"):
        now = f"up for {state.active_for:.0f} s" if up else state.words
        return Verdict(WAITING, f"{restarted(restarts)}, {now}" if restarts else now)
    return Verdict(
        FAILED, f"{state.words}, result {state.result}" if state.result != "success" else state.words
    )


class Watch:
    """Units that should be up, all of them at once, before a deadline."""

    def __init__(
        self,
        change: Transaction,
        units: Sequence[Unit],
        *,
        stay: float = 0,
        old: Mapping[str, int] | None = None,
        restarting: Collection[str] = (),
    ) -> None:
        """`stay`: for how many seconds without a break; `old`: restarts from before units were watched;
        `restarting`: units that are not up as long as systemd has a job for them."""
        self.failures: dict[str, str] = {}  # unit → why it has failed
        self._change = change
        self._units = units
        self._stay = stay
        self._old = old or {}
        self._restarting = restarting
        self._verdicts: dict[str, Verdict] = {}
        self._healths: dict[str, str] = {}  # unit → what was last said of its health, until it is healthy
        self._passed: dict[str, float] = {}  # unit → the activation in which its check has passed
        self._checks = Checks(change.machine, change.wanted.engine)
        self._deadline = self._due = self._began = time.monotonic()

    def wait(self, deadline: float) -> None:
        """Wait until every unit is up or has failed. What is not up at the deadline has failed."""
        self._deadline = deadline
        try:
            while not self._change.pusher.wait_until(self._is_over, self._text):
                continue
        finally:
            self._checks.stop()

    def _is_over(self) -> bool:
        """Look at the units, if it is time again: what takes long need not be noticed at once."""
        now = time.monotonic()
        if now < self._due:
            return False
        self._look()
        self._due = time.monotonic() + min(1.0, max(0.05, (now - self._began) / 10))
        if now >= self._deadline:
            self.failures.update({name: f"{self._limit}: {self._why(name)}" for name in self._waiting()})
        return not self._waiting()

    @property
    def _limit(self) -> str:
        timeout = f"{self._change.timeout:g} s"
        return f"not up for {self._stay:g} s within {timeout}" if self._stay else f"not up after {timeout}"

    def _look(self) -> None:
        units = [unit for unit in self._units if unit.name not in self.failures]
        up = self._up_at_once(units)
        others = [unit for unit in units if unit.name not in up]
        states = unit_states(self._change.machine, names_of(others))
        self._verdicts = {name: Verdict(UP) for name in up}
        self._verdicts.update((unit.name, self._verdict(unit, states[unit.name])) for unit in others)
        self._look_at_health(
            [unit for unit in others if unit.health and states[unit.name].active == "active"], states
        )
        failed = [name for name, last in self._verdicts.items() if last.outcome == FAILED]
        self.failures.update({name: self._why(name) for name in failed})

    def _up_at_once(self, units: Sequence[Unit]) -> frozenset[str]:
        """Units of which it is enough to know that they are active: systemd says that with less effort."""
        machine = self._change.machine
        simple = [unit for unit in units if not (self._stay or unit.health or unit.name in self._restarting)]
        return units_up(machine, simple, active_states(machine, names_of(simple)))

    def _verdict(self, unit: Unit, state: UnitState) -> Verdict:
        return verdict(
            state,
            up=is_up(self._change.machine, unit, state.active) and not self._is_restarting(unit, state),
            restarts=state.restarts - self._old.get(unit.name, 0),
            stay=0 if unit.runs_once else self._stay,
        )

    def _is_restarting(self, unit: Unit, state: UnitState) -> bool:
        return state.has_job and unit.name in self._restarting

    def _look_at_health(self, units: Sequence[Unit], states: Mapping[str, UnitState]) -> None:
        """Let those units wait whose containers are not healthy."""
        unknown = [unit for unit in units if self._passed.get(unit.name) != states[unit.name].activated]
        healths = self._reported(unknown)
        for unit in unknown:
            health = healths.get(unit.container, Health())
            if health.status == HEALTHY or self._checks.has_passed(unit.container, health):
                self._passed[unit.name] = states[unit.name].activated
                self._healths.pop(unit.name, None)
            else:
                self._is_unhealthy(unit, health)

    def _reported(self, units: Sequence[Unit]) -> dict[str, Health]:
        """Container → its health; nothing if the engine fails, or takes longer than there is time."""
        machine = self._change.machine
        limit = min(machine.limit, max(1.0, self._deadline - time.monotonic()))
        try:
            return healths_of(machine, self._change.wanted.engine, units, limit=limit)
        except RefusedError as error:
            self._checks.outputs.update({unit.container: str(error) for unit in units})
            return {}

    def _is_unhealthy(self, unit: Unit, health: Health) -> None:
        self._healths[unit.name] = health.words(self._checks.outputs.get(unit.container, ""))
        if self._verdicts[unit.name].outcome == UP:
            self._verdicts[unit.name] = Verdict(WAITING)

    def _waiting(self) -> list[str]:
        return [
            name
            for name, last in self._verdicts.items()
            if last.outcome == WAITING and name not in self.failures
        ]

    def _why(self, name: str) -> str:
        why = "; ".join(filter(None, (self._verdicts[name].why, self._healths.get(name))))
        return masked(why, self._change.wanted.secrets)

    def _text(self) -> str:
        """`waiting for heatsink-shop.service: health check failing (3 of 3): curl: (22) … 404`."""
        names = self._waiting()
        texts = [f"{name}: {self._why(name)}" for name in names[:NAMES]]
        further = [f"{len(names) - NAMES} more"] if len(names) > NAMES else []
        return f"waiting for {'; '.join((*texts, *further))}"
