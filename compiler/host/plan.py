"""What a change does, decided before anything is done: a dry run shows the plan that a push carries out."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from .files import is_installed, is_linked
from .installed import Installed
from .jobs import Start, Stop, UnitsBefore, stops_and_starts
from .layout import defines_units
from .machine import Machine
from .manifest import File, Link, names_of
from .store import Generation
from .units import dependents, unit_states, units_up


@dataclasses.dataclass(frozen=True)
class Observed:
    """The host before a change: files and links that differ from what is wanted, and its units."""

    differing: Sequence[File]
    misplaced: Sequence[Link]
    units: UnitsBefore


@dataclasses.dataclass(frozen=True)
class Plan:
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
    def stops_before(self) -> list[str]:
        """The units to stop before files are installed."""
        return [stop.name for stop in self.stops if not stop.stops_with]

    def starts_in(self, step: int) -> list[Start]:
        """The units to start in a step."""
        return [start for start in self.starts if start.unit.step == step]

    def summary(self) -> dict[str, object]:
        """What is reported to the operator: the names of units, and for each a row with step and reason."""
        jobs: list[Stop | Start] = [*self.stops, *self.starts]
        return {
            "writes": self.written,
            "removals": list(self.removals),
            "stops": [stop.name for stop in self.stops],
            "starts": [start.name for start in self.starts],
            "units": [job.row for job in jobs],
        }


def observe(machine: Machine, wanted: Generation, installed: Installed) -> Observed:
    """Observe what a plan for this generation depends on."""
    names = {*names_of(wanted.units), *installed.units}
    stopping = dependents(machine, names)
    states = unit_states(machine, sorted(names | stopping.keys()))
    return Observed(
        differing=[file for file in wanted.files if not is_installed(machine, file, wanted)],
        misplaced=[link for link in wanted.links if not is_linked(machine, link)],
        units=UnitsBefore(
            up=units_up(machine, wanted.services, states),
            running=frozenset(name for name, state in states.items() if state.is_running),
            dependents=stopping,
        ),
    )


def make_plan(wanted: Generation, installed: Installed, observed: Observed, salt: str) -> Plan:
    """The plan that leads from what was observed to what is wanted."""
    paths = {file.path for file in wanted.files} | {link.path for link in wanted.links}
    hashes = wanted.hashes(salt)
    stops, starts = stops_and_starts(wanted, installed, hashes, observed.units)
    return Plan(
        writes=observed.differing,
        links=observed.misplaced,
        removals=sorted({*installed.files, *installed.links} - paths),
        stops=stops,
        starts=starts,
        hashes=hashes,
    )
