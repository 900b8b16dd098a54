"""The differences between what lies on the host and what is wanted."""

from __future__ import annotations

import dataclasses
import grp
import pwd
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path

from .installed import Installed
from .layout import defines_units
from .machine import Machine
from .manifest import File, Link, Unit, names_of
from .store import Generation
from .units import State, is_up, unit_states


@dataclasses.dataclass(frozen=True)
class Plan:
    """The differences between what lies on the host and what is wanted."""

    writes: Sequence[File]
    links: Sequence[Link]
    removals: Sequence[str]
    stops: Sequence[str]
    starts: Sequence[Unit]

    @property
    def images(self) -> list[str]:
        """Those of the units that will start."""
        return sorted({image for unit in self.starts for image in unit.images})

    @property
    def written(self) -> list[str]:
        """The paths of files and links that are written."""
        return [file.path for file in self.writes] + [link.path for link in self.links]

    @property
    def rereads(self) -> bool:
        """Whether systemd must read its units again."""
        return any(map(defines_units, (*self.written, *self.removals)))

    def summary(self) -> dict[str, list[str]]:
        """What an operator wants to know of it."""
        return {
            "writes": self.written,
            "removals": list(self.removals),
            "stops": list(self.stops),
            "starts": names_of(self.starts),
        }


def planned(machine: Machine, wanted: Generation, installed: Installed, salt: str) -> Plan:
    """What has to be written, removed, stopped and started to make the host what is wanted."""
    states = unit_states(machine, names_of(wanted.services))
    paths = {file.path for file in wanted.files} | {link.path for link in wanted.links}
    names = {unit.name for unit in wanted.units}
    other_engine = installed.engine not in ("", wanted.engine)
    return Plan(
        writes=[file for file in wanted.files if _differs(machine, file, wanted)],
        links=[link for link in wanted.links if not _is_link(machine.path(link.path), link.target)],
        removals=sorted({*installed.files, *installed.links} - paths),
        # Only the old unit knows how to stop a container of the other engine.
        stops=sorted(name for name in installed.units if name not in names or other_engine),
        starts=to_start(machine, wanted.services, wanted.hashes(salt), installed.units, states),
    )


def to_start(
    machine: Machine,
    units: Sequence[Unit],
    wanted: Mapping[str, str],
    known: Mapping[str, str],
    states: Mapping[str, State],
) -> list[Unit]:
    """The units whose hash is not the known one, or that are not up.

    A run-once unit of which nothing is known is done if its stamp says so: a push that ran it may have died.
    """

    def has_changed(unit: Unit) -> bool:
        before = known.get(unit.name, "")
        return before != wanted[unit.name] and not (unit.runs_once and not before)

    return [unit for unit in units if has_changed(unit) or not is_up(machine, unit, states[unit.name])]


def _differs(machine: Machine, file: File, wanted: Generation) -> bool:
    path = machine.path(file.path)
    try:
        found = path.lstat()
        if not stat.S_ISREG(found.st_mode) or stat.S_IMODE(found.st_mode) != mode_of(file):
            return True
        if machine.owns() and (found.st_uid, found.st_gid) != owner_of(file.owner):
            return True
        return path.read_bytes() != wanted.content(machine, file)
    except FileNotFoundError:
        return True


def mode_of(file: File) -> int:
    """The permissions that a file gets."""
    return 0o600 if file.sensitive else int(file.mode, 8)


def owner_of(owner: str) -> tuple[int, int] | None:
    """Numbers of a `user:group`; None while one of them does not exist."""
    user, _, group = owner.partition(":")
    try:
        return (
            int(user) if user.isdigit() else pwd.getpwnam(user).pw_uid,
            int(group) if group.isdigit() else grp.getgrnam(group).gr_gid,
        )
    except KeyError:
        return None


def _is_link(path: Path, target: str) -> bool:
    return path.is_symlink() and str(path.readlink()) == target
