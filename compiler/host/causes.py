"""Why units change: what each reads that differs from when it last came up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from .contents import content, entries, meaning, sources
from .installed import Installed
from .layout import defines_units
from .machine import Machine
from .manifest import Unit
from .store import Generation, kept_generations

UNIT, FILE, IMAGE, SECRET = "unit", "file", "image", "secret"


class Cause(NamedTuple):
    """One thing that differs: the unit's own file, a file it reads, its image or the value of a secret."""

    what: str
    name: str


class Causes(NamedTuple):
    """Why a unit has another hash than when it last came up; empty if that generation is not kept."""

    differing: Sequence[Cause] = ()
    sources: Sequence[str] = ()  # the template and environments that its file and what differs come from
    respelled: bool = False  # the same, in other words


class _Comparison(NamedTuple):
    machine: Machine
    before: Generation
    after: Generation

    def meanings(self, path: str) -> Sequence[bytes | None]:
        """What is in a file before and after."""
        return [meaning(content(self.machine, side, path)) for side in (self.before, self.after)]


def causes(machine: Machine, wanted: Generation, installed: Installed, salt: str) -> dict[str, Causes]:
    """Unit → why it changes, of those that came up with another hash before."""
    hashes = wanted.hashes(salt)
    changed = [unit for unit in wanted.services if installed.came_up_otherwise(unit.name, hashes)]
    kept = [(each, each.hashes(salt)) for each in kept_generations(machine)] if changed else []
    by_unit = {}
    for unit in changed:
        recorded = installed.units[unit.name]
        before = next((each for each, hashes in kept if hashes.get(unit.name) == recorded), None)
        by_unit[unit.name] = _causes(_Comparison(machine, before, wanted), unit) if before else Causes()
    return by_unit


def _causes(comparison: _Comparison, unit: Unit) -> Causes:
    before = next(old for old in comparison.before.units if old.name == unit.name)
    old, new = comparison.before.secrets, comparison.after.secrets
    files = [path for path in _union(unit.files, before.files) if _differs(*comparison.meanings(path))]
    images = {*unit.images} ^ {*before.images}
    secrets = [name for name in _union(unit.secrets, before.secrets) if old.get(name) != new.get(name)]
    texts = (content(comparison.machine, comparison.after, path) for path in (*unit.files[:1], *files))
    return Causes(
        differing=[
            *(Cause(UNIT if defines_units(path) else FILE, path) for path in files),
            *(Cause(IMAGE, image) for image in sorted(images & {*unit.images})),
            *(Cause(SECRET, name) for name in secrets),
        ],
        sources=sources(texts),
        respelled=not (images or secrets) and all(_respelled(comparison, path) for path in files),
    )


def _union(new: Sequence[str], old: Sequence[str]) -> list[str]:
    return list(dict.fromkeys((*new, *old)))


def _differs(before: bytes | None, after: bytes | None) -> bool:
    return before != after


def _respelled(comparison: _Comparison, path: str) -> bool:
    """Whether a file of a unit has the same entries as before."""
    before, after = comparison.meanings(path)
    if before is None or after is None or not defines_units(path):
        return False
    return entries(before) == entries(after)
