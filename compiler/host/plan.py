"""What a change does, decided before anything is done: a dry run shows the plan that a push carries out."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from .causes import causes
from .contents import generation_installed
from .files import is_installed, is_linked
from .installed import Installed
from .jobs import REMOVED, Start, Stop, UnitsBefore, may_stop, stops_and_starts
from .layout import defines_networks, defines_units, is_preparation
from .machine import Machine
from .manifest import File, Link, names_of
from .store import Generation
from .systemd import active_states
from .units import dependents, is_running, units_up
from .wire import RefusedError


class Observed(NamedTuple):
    """The host before a change: files and links that differ from what is wanted, and its units."""

    differing: Sequence[File]
    misplaced: Sequence[Link]
    units: UnitsBefore
    absent: frozenset[str] = frozenset()  # paths that differ because there is nothing
    jobs: frozenset[str] = frozenset()  # installed units that run once


class Plan(NamedTuple):
    """What a change writes, removes, stops and starts.

    It is carried out as it is reported. What no plan can know is a named exception in `surprises`: units that
    go down or come up by themselves in the meantime.
    """

    writes: Sequence[File]
    links: Sequence[Link]
    removals: Sequence[str]
    stops: Sequence[Stop]
    starts: Sequence[Start]
    hashes: Mapping[str, str]  # unit → the hash with which it comes up
    added: Sequence[str] = ()  # the paths among those that are written where nothing is yet
    untouched: Sequence[str] = ()  # units that are wanted, and neither stop nor start
    leaving: Sequence[str] = ()  # services that are stopped and removed
    forgotten: Sequence[str] = ()  # jobs that are removed: if they return, they run again

    @property
    def images(self) -> list[str]:
        """The images of the units that start."""
        return sorted({image for start in self.starts for image in start.unit.images})

    @property
    def written(self) -> list[str]:
        """The paths of files and links that are written."""
        return [file.path for file in self.writes] + [link.path for link in self.links]

    @property
    def rereads(self) -> bool:
        """Whether systemd must read its units again."""
        return any(map(defines_units, (*self.written, *self.removals)))

    @property
    def rewires(self) -> bool:
        """Whether systemd-networkd must read its files again."""
        return any(map(defines_networks, (*self.written, *self.removals)))

    @property
    def stops_before(self) -> list[str]:
        """The units to stop before files are installed."""
        return [stop.name for stop in self.stops if not stop.stops_with]

    def starts_in(self, step: int) -> list[Start]:
        """The units to start in a step."""
        return [start for start in self.starts if start.unit.step == step]

    @property
    def irreversible(self) -> list[tuple[str, str]]:
        """What no rollback undoes: what happens, and to which unit or file."""
        return [
            *(("runs", start.name) for start in self.starts if start.unit.runs_once),
            *(("applies", file.path) for file in self.writes if is_preparation(file.path)),
            *(("forgets", name) for name in self.forgotten),
        ]


def observe(machine: Machine, wanted: Generation, installed: Installed, salt: str) -> Observed:
    """Observe what a plan for this generation depends on."""
    differing = [file for file in wanted.files if not is_installed(machine, file, wanted)]
    misplaced = [link for link in wanted.links if not is_linked(machine, link)]
    before = generation_installed(machine, installed)
    edited = _edited(machine, wanted, before, differing)
    units = units_before(machine, wanted, installed, salt, edited)
    return Observed(
        differing=differing,
        misplaced=misplaced,
        units=units._replace(listeners=before.manifest.listeners),
        absent=frozenset(path for path in _paths(differing, misplaced) if not _exists(machine, path)),
        jobs=frozenset(unit.name for unit in before.units if unit.runs_once),
    )


def _edited(
    machine: Machine, wanted: Generation, before: Generation, differing: Sequence[File]
) -> frozenset[str]:
    """The services that read a file which is not what was installed any more."""
    suspects = {file.path for file in differing}
    files = (file for file in before.files if file.path in suspects)
    edited = {file.path for file in files if _is_edited(machine, file, before)}
    services = (unit for unit in wanted.services if not unit.runs_once)
    return frozenset(unit.name for unit in services if edited.intersection(unit.files))


def _is_edited(machine: Machine, file: File, before: Generation) -> bool:
    with contextlib.suppress(RefusedError):  # the generation is damaged, and nobody knows any more
        return not is_installed(machine, file, before)
    return False


def units_before(
    machine: Machine,
    wanted: Generation,
    installed: Installed,
    salt: str,
    edited: frozenset[str] = frozenset(),
) -> UnitsBefore:
    """Observe the units that are wanted or installed, and those that stop with them."""
    names = {*names_of(wanted.units), *installed.units}
    states = active_states(machine, sorted(names))
    up = units_up(machine, wanted.services, states)
    running = {name for name, active in states.items() if is_running(active)}
    stopping = dependents(machine, may_stop(wanted, installed, wanted.hashes(salt), up, running, edited))
    further = active_states(machine, sorted(stopping.keys() - names))
    return UnitsBefore(
        up=up,
        running=frozenset((*running, *(name for name, active in further.items() if is_running(active)))),
        dependents=stopping,
        causes=causes(machine, wanted, installed, salt),
        edited=edited,
    )


def make_plan(wanted: Generation, installed: Installed, observed: Observed, salt: str) -> Plan:
    """The plan that leads from what was observed to what is wanted."""
    hashes = wanted.hashes(salt)
    stops, starts = stops_and_starts(wanted, installed, hashes, observed.units)
    moving = {stop.name for stop in stops} | {start.name for start in starts}
    written = _paths(observed.differing, observed.misplaced)
    ours = {*installed.files, *installed.links}
    removed = [stop.name for stop in stops if stop.why == REMOVED]
    return Plan(
        writes=observed.differing,
        links=observed.misplaced,
        removals=sorted(ours - set(_paths(wanted.files, wanted.links))),
        stops=stops,
        starts=starts,
        hashes=hashes,
        added=[path for path in written if path in observed.absent],
        untouched=[unit.name for unit in wanted.services if unit.name not in moving],
        leaving=[name for name in removed if _is_service(name, observed)],
        forgotten=[name for name in removed if name in observed.jobs],
    )


def _paths(files: Sequence[File], links: Sequence[Link]) -> list[str]:
    return [file.path for file in files] + [link.path for link in links]


def _exists(machine: Machine, path: str) -> bool:
    return os.path.lexists(machine.path(path))


def _is_service(unit: str, observed: Observed) -> bool:
    return unit.endswith(".service") and unit not in observed.jobs
