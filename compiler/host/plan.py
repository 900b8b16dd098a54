"""The differences between what is on the host and what is wanted."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from .files import is_installed, is_linked
from .installed import Installed
from .layout import defines_units
from .machine import Machine
from .manifest import File, Link, Unit, names_of
from .store import Generation
from .units import unit_states, units_up


@dataclasses.dataclass(frozen=True)
class Observed:
    """The host before a change: files and links that differ from what is wanted, and units that are up."""

    differing: Sequence[File]
    misplaced: Sequence[Link]
    up: frozenset[str]


@dataclasses.dataclass(frozen=True)
class Plan:
    """What a change writes, removes, stops and starts.

    What is reported is what is carried out, but for units that go down or come up in the meantime: each step
    looks again at which of its units are up (`due`).
    """

    writes: Sequence[File]
    links: Sequence[Link]
    removals: Sequence[str]
    stops: Sequence[str]
    starts: Sequence[Unit]
    changed: frozenset[str]  # units that restart even if they are up
    hashes: Mapping[str, str]  # unit → the hash with which it comes up

    @property
    def images(self) -> list[str]:
        """The images of the units that start."""
        return sorted({image for unit in self.starts for image in unit.images})

    @property
    def written(self) -> list[str]:
        """The paths of files and links that are written."""
        return [file.path for file in self.writes] + [link.path for link in self.links]

    @property
    def rereads(self) -> bool:
        """Whether systemd must read its units again."""
        return any(map(defines_units, (*self.written, *self.removals)))

    def due(self, units: Sequence[Unit], up: frozenset[str]) -> list[Unit]:
        """Those of some units that have to start: they changed, or are not up (any more)."""
        return _due(units, self.changed, up)

    def summary(self) -> dict[str, list[str]]:
        """What is reported to the operator."""
        return {
            "writes": self.written,
            "removals": list(self.removals),
            "stops": list(self.stops),
            "starts": names_of(self.starts),
        }


def observe(machine: Machine, wanted: Generation) -> Observed:
    """Observe what a plan for this generation depends on."""
    states = unit_states(machine, names_of(wanted.services))
    return Observed(
        differing=[file for file in wanted.files if not is_installed(machine, file, wanted)],
        misplaced=[link for link in wanted.links if not is_linked(machine, link)],
        up=units_up(machine, wanted.services, states),
    )


def make_plan(wanted: Generation, installed: Installed, observed: Observed, salt: str) -> Plan:
    """The plan that leads from what was observed to what is wanted."""
    paths = {file.path for file in wanted.files} | {link.path for link in wanted.links}
    names = {unit.name for unit in wanted.units}
    other_engine = installed.engine not in ("", wanted.engine)
    hashes = wanted.hashes(salt)
    changed = frozenset(unit.name for unit in wanted.services if _has_changed(unit, hashes, installed))
    return Plan(
        writes=observed.differing,
        links=observed.misplaced,
        removals=sorted({*installed.files, *installed.links} - paths),
        # Only the old unit can stop a container of the other engine.
        stops=sorted(name for name in installed.units if name not in names or other_engine),
        starts=_due(wanted.services, changed, observed.up),
        changed=changed,
        hashes=hashes,
    )


def _due(units: Sequence[Unit], changed: frozenset[str], up: frozenset[str]) -> list[Unit]:
    return [unit for unit in units if unit.name in changed or unit.name not in up]


def _has_changed(unit: Unit, hashes: Mapping[str, str], installed: Installed) -> bool:
    """Whether a unit last came up with another hash.

    A run-once unit without a recorded hash is done if its stamp exists: the push that ran it may have died.
    """
    before = installed.units.get(unit.name, "")
    return before != hashes[unit.name] and not (unit.runs_once and not before)
