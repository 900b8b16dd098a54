"""The status of the host: what is installed, what differs from that, and the state of its units.

Nothing is changed, and the lock is not taken: a push may be under way.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from typing import Any, NamedTuple

from .files import is_installed, is_linked
from .health import HEALTHY, UNKNOWN, Health, healths_of
from .held import certificates
from .installed import Installed
from .layout import CURRENT, SUMMARY
from .machine import Machine
from .manifest import Unit, names_of
from .pending import Pending
from .store import Generation, generation, linked
from .units import UnitState, is_up, restarted, unit_states
from .wire import Pusher, RefusedError

PATIENCE = 20.0  # seconds in which the engine must have described its containers
RECENT = 60.0  # seconds for each restart, after which a unit that systemd has restarted is up again
MOST_RESTARTS = 5  # that count

NOTHING: Mapping[str, object] = {
    "name": "",
    "manifest": None,
    "changed": [],
    "problems": [],
    "units": [],
    "certificates": {},
}


def status(machine: Machine, pusher: Pusher, _: Mapping[str, Any]) -> int:
    """Report what is installed, and the state of every unit of it."""
    pending = Pending.on(machine)
    number = Installed.on(machine).generation
    installed = (
        _installed(machine, generation(machine, number), is_changing=bool(pending)) if number else NOTHING
    )
    pusher.send(
        "status",
        at=int(time.time()),
        generation=number,
        current=linked(machine, CURRENT),
        pending=_words(pending) if pending else "",
        **installed,
    )
    return 0


def _words(pending: Pending) -> str:
    """Which change it is, and whose."""
    return f"{pending.action} by {pending.by}" if pending.started else "a change with a damaged record"


def _installed(machine: Machine, wanted: Generation, *, is_changing: bool) -> dict[str, object]:
    """What there is to say of the installed generation; its files are not looked at while they change."""
    changed, damage = ([], []) if is_changing else _changed(machine, wanted)
    healths, trouble = _healths(machine, wanted)
    units = [unit for unit in wanted.units if not unit.is_target]
    states = unit_states(machine, names_of(units))
    confirmed = _confirmed(machine)
    return {
        "name": wanted.about.name,
        "manifest": hashlib.sha256(wanted.raw).hexdigest(),
        "changed": changed,
        "problems": [*damage, *trouble],
        "units": [
            _row(machine, unit, states[unit.name], healths.get(unit.container), confirmed) for unit in units
        ],
        "certificates": certificates(wanted),
    }


def _changed(machine: Machine, wanted: Generation) -> tuple[list[str], list[str]]:
    """The files and links that are not as they were installed; and what is wrong with the generation."""
    changed, damage = [], []
    for file in wanted.files:
        try:
            if not is_installed(machine, file, wanted):
                changed.append(file.path)
        except RefusedError as error:
            damage.append(str(error))
        except OSError:  # a file where there should be a folder
            changed.append(file.path)
    changed += [link.path for link in wanted.links if not is_linked(machine, link)]
    return changed, damage


def _healths(machine: Machine, wanted: Generation) -> tuple[Mapping[str, Health], list[str]]:
    """Container → its health, unless it does not exist; and why the engine cannot say."""
    units = [unit for unit in wanted.services if unit.container and not unit.runs_once]
    try:
        return healths_of(machine, wanted.engine, units, limit=min(PATIENCE, machine.limit)), []
    except (RefusedError, OSError) as error:
        unknown = {unit.container: Health(status=UNKNOWN) for unit in units}
        return unknown, [" ".join(str(RefusedError.of(error)).split())]


def _confirmed(machine: Machine) -> float:
    """When the last change was confirmed, in seconds since 1970: this record is written then."""
    try:
        return machine.path(SUMMARY).stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _row(
    machine: Machine, unit: Unit, state: UnitState, health: Health | None, confirmed: float
) -> dict[str, object]:
    is_active = is_up(machine, unit, state.active)
    finding = examine(unit, state, health, confirmed) if is_active else Finding(why=_why_down(state))
    return {
        "service": unit.service,
        "unit": unit.name,
        "container": unit.container,
        "step": unit.step,
        "up": is_active and not finding.why,
        "state": finding.state or _word(unit, state, is_active=is_active),
        "since": state.since,
        "restarts": state.restarts,
        "health": finding.health,
        "why": finding.why,
    }


def _word(unit: Unit, state: UnitState, *, is_active: bool) -> str:
    """The state of a unit in a word: systemd's own, but for units that run to their end."""
    if unit.runs_once and is_active:
        return "done"
    if unit.is_scheduled and not state.is_running and is_active:
        return "ended" if state.since else "waiting"
    return state.words


class Finding(NamedTuple):
    """What an engine and the restarts say of a unit."""

    health: str = ""  # healthy, unhealthy, starting, unknown; "" without a health check
    why: str = ""  # it is not up; "" if it is
    state: str = ""  # in place of systemd's word


def examine(unit: Unit, state: UnitState, health: Health | None, confirmed: float) -> Finding:
    """What is to be said of a unit that systemd reports as active.

    A push accepts a unit whose check succeeds between the engine's own, and one that has been restarted and
    then stays up. What has been so since before the push was confirmed (`confirmed`) is accepted here too.
    """
    if unit.runs_once or unit.is_scheduled:
        return Finding()
    if unit.container and health is None:
        return Finding(state="no container", why="its container does not exist")
    is_accepted = state.since is not None and state.since <= confirmed
    finding = _of_health(health, state, is_accepted=is_accepted) if unit.health and health else Finding()
    if not finding.why and not is_accepted and _is_recent(state):
        why = f"{restarted(state.restarts)}, up for {state.active_for:.0f} s"
        return finding._replace(why=why)
    return finding


def _of_health(health: Health, state: UnitState, *, is_accepted: bool) -> Finding:
    """What a health says. Until the engine's own check has succeeded once, the push has seen more."""
    may_start = is_accepted and state.active_for < health.grace
    if health.status == HEALTHY or (health.status == "starting" and may_start):
        return Finding(health=HEALTHY)
    if health.status in ("", UNKNOWN):
        return Finding(health=UNKNOWN, why="its health is not known")
    return Finding(health=health.status, why=health.words(""))


def _is_recent(state: UnitState) -> bool:
    """Whether systemd has restarted a unit a short time ago; the more often, the longer that counts."""
    return state.active_for < RECENT * min(state.restarts, MOST_RESTARTS)


def _why_down(state: UnitState) -> str:
    """`restarted 3 times by systemd, result exit-code`, as far as there is anything to say."""
    restarts = [restarted(state.restarts)] if state.restarts else []
    results = [f"result {state.result}"] if state.result not in ("", "success") else []
    return ", ".join((*restarts, *results))
