"""Which units a change stops and starts, in which step, and why; decided once, for dry run and push."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from .causes import Causes
from .installed import Installed
from .manifest import Listener, Unit, names_of
from .store import Generation

# Why a unit stops or starts.
NEW = "new"  # heatsink has not installed it before
CHANGED = "changed"  # it last came up with another hash
RESPELLED = "respelled"  # so it did, but it is the same in other words: those of another heatsink, mostly
EDITED = "edited"  # a file that it reads was changed on the host
UNFINISHED = "unfinished"  # an earlier push did not bring it up
DOWN = "down"  # it should be up
REMOVED = "removed"  # it is not wanted any more
ENGINE = "engine"  # another engine will run the containers, and only the old unit can stop the old one
DEPENDENCY = "dependency"  # systemd stops it with another unit, which it requires or is part of


class Stop(NamedTuple):
    """A unit that stops and is not started in its place: before anything is installed, or in a step."""

    name: str
    why: str
    step: int | None = None
    stops_with: str = ""

    @property
    def row(self) -> dict[str, object]:
        """How it is reported."""
        return _row(self.name, self.step, "stop", self.why, self.stops_with)


class Start(NamedTuple):
    """A unit that starts in its step; what runs is stopped before."""

    unit: Unit
    why: str
    restarts: bool = False
    alone: bool = False  # nothing that runs stops with it, or waits for a port of it
    stops_with: str = ""
    causes: Causes = Causes()  # why it changed

    @property
    def name(self) -> str:
        """The name of the unit."""
        return self.unit.name

    @property
    def row(self) -> dict[str, object]:
        """How it is reported."""
        action = "run" if self.unit.runs_once else "restart" if self.restarts else "start"
        return _row(self.name, self.unit.step, action, self.why, self.stops_with, self.causes)


def _row(
    name: str, step: int | None, action: str, why: str, stops_with: str, causes: Causes | None = None
) -> dict[str, object]:
    causes = causes or Causes()
    return {
        "unit": name,
        "step": step,
        "action": action,
        "why": why,
        "stops_with": stops_with,
        "causes": [cause._asdict() for cause in causes.differing],
        "sources": list(causes.sources),
    }


class UnitsBefore(NamedTuple):
    """The units before a change, as systemd and the stamps show them."""

    up: frozenset[str]
    running: frozenset[str]  # neither inactive nor failed
    # Unit → those that systemd stops with it. What systemd has loaded is enough, although a change may write
    # other dependencies: a unit whose file changes has another hash, and restarts anyway.
    dependents: Mapping[str, Sequence[str]]
    causes: Mapping[str, Causes] = {}  # unit → why it has another hash
    edited: frozenset[str] = frozenset()  # services that read a file which is not what was installed any more
    listeners: Sequence[Listener] = ()  # of what is installed


def may_stop(
    wanted: Generation,
    installed: Installed,
    hashes: Mapping[str, str],
    up: Collection[str],
    running: Collection[str],
    edited: Collection[str],
) -> set[str]:
    """The units that a change may stop: systemd needs only say of these which others stop with them."""
    if installed.engine not in ("", wanted.engine):
        return {*installed.units}
    leaving = installed.units.keys() - names_of(wanted.units)
    running_services = (unit.name for unit in wanted.services if unit.name in running)
    stays = {name for name in up if installed.units.get(name) == hashes[name]} - {*edited}
    return leaving | {name for name in running_services if name not in stays}


def stops_and_starts(
    wanted: Generation, installed: Installed, hashes: Mapping[str, str], before: UnitsBefore
) -> tuple[list[Stop], list[Start]]:
    """The stops and starts that lead from what runs to what is wanted."""
    due = {unit.name: _why_due(unit, installed, hashes, before) for unit in wanted.services}
    stops = _stops_before(wanted, installed)
    stopped = {stop.name: stop.step for stop in stops}
    for unit in wanted.services:
        if due[unit.name] and unit.name in before.running:
            stopped.setdefault(unit.name, unit.step)
    falls = _falls(stopped, before)
    movers = _movers(wanted.manifest.listeners, before.listeners)
    starts = [_start(unit, due[unit.name], stopped, falls, movers, before) for unit in wanted.services]
    made = [start for start in starts if start]
    started = {start.name for start in made} | {unit.name for unit in wanted.units if unit.is_target}
    return [*stops, *(falls[name] for name in sorted(falls.keys() - started))], made


def _stops_before(wanted: Generation, installed: Installed) -> list[Stop]:
    """What is stopped before files are installed: units that leave; all, if another engine comes."""
    other_engine = installed.engine not in ("", wanted.engine)
    kept = set(names_of(wanted.units))
    return [
        Stop(name, ENGINE if name in kept else REMOVED)
        for name in sorted(installed.units)
        if other_engine or name not in kept
    ]


def _why_due(unit: Unit, installed: Installed, hashes: Mapping[str, str], before: UnitsBefore) -> str:
    """Why a unit has to start on its own account; "" if it need not.

    A run-once unit without a recorded hash is done if its stamp exists: the push that ran it may have died,
    or a boot has run it.
    """
    recorded = installed.units.get(unit.name)
    if installed.came_up_otherwise(unit.name, hashes):
        return RESPELLED if before.causes.get(unit.name, Causes()).respelled else CHANGED
    if unit.name in before.edited:
        return EDITED
    if unit.name in before.up and (recorded or unit.runs_once):
        return ""
    if recorded:
        return DOWN
    return NEW if recorded is None else UNFINISHED


def _falls(stopped: Mapping[str, int | None], before: UnitsBefore) -> dict[str, Stop]:
    """What goes down with the units that heatsink stops, whose steps are known; systemd stops dependents of
    dependents too, even through units that are down."""
    falls: dict[str, Stop] = {}
    causes = list(stopped.items())
    for cause, step in causes:  # it grows
        for name in before.dependents.get(cause, ()):
            if name not in stopped and name not in falls:
                falls[name] = Stop(name, DEPENDENCY, step, cause)
                causes.append((name, step))
    return {name: stop for name, stop in falls.items() if name in before.running}


def _movers(wanted: Sequence[Listener], before: Sequence[Listener]) -> set[str]:
    """Containers and services that get a port which another one has yet, and those that have it."""
    owners: dict[tuple[int, str], list[str]] = {}
    for listener in before:
        owners.setdefault((listener.port, listener.protocol), []).append(listener.owner)
    return {
        owner
        for new in set(wanted).difference(before)
        for old in owners.get((new.port, new.protocol), ())
        if old != new.owner
        for owner in (old, new.owner)
    }


def _start(
    unit: Unit,
    due: str,
    stopped: Mapping[str, int | None],
    falls: Mapping[str, Stop],
    movers: set[str],
    before: UnitsBefore,
) -> Start | None:
    """The start of a unit that is due, or of a service that is stopped for another reason."""
    if due:
        return Start(
            unit,
            due,
            restarts=stopped.get(unit.name) is not None,
            alone=not _falls({unit.name: unit.step}, before)
            and movers.isdisjoint((unit.container, unit.service)),
            causes=before.causes.get(unit.name, Causes()),
        )
    if unit.runs_once:  # it is done, and stays so
        return None
    if unit.name in falls:
        return Start(unit, DEPENDENCY, restarts=True, stops_with=falls[unit.name].stops_with)
    return Start(unit, ENGINE) if unit.name in stopped else None
