"""A push of some services: the others stay as they are installed.

What is pushed is a generation like any other, with a number: its manifest says what is on the host. The next
push of the whole bundle finds the rest of the differences.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence

from .installed import Installed
from .jobs import stops_and_starts
from .machine import Machine
from .manifest import File, Link, Unit, names_of
from .plan import units_before
from .store import Generation, generation, salt_of
from .wire import RefusedError

_WHOLE = "push without `--service`"


def only(machine: Machine, wanted: Generation, services: Sequence[str]) -> Generation:
    """The generation with these services as they are wanted, and all others as they are installed.

    Raises RefusedError if a job of another service is due, or if services share what has changed.
    """
    record = Installed.on(machine)
    installed = generation(machine, record.generation) if record.generation else Generation.nothing("")
    _check_names(installed, wanted, services)
    _check_jobs(machine, wanted, record, services)
    new = [unit for unit in wanted.units if unit.service in services or unit.is_target]
    old = [unit for unit in installed.units if not (unit.is_target or unit.service in services)]
    _check_shared(installed, wanted, new, old)
    return _blended(installed, wanted, new, old)


def _blended(
    installed: Generation, wanted: Generation, new: Sequence[Unit], old: Sequence[Unit]
) -> Generation:
    was, will = installed.manifest, wanted.manifest
    units = sorted((*new, *old), key=lambda unit: unit.step)
    manifest = will._replace(
        files=_files(installed, wanted, new, old),
        links=_links(installed, wanted, new, old),
        units=units,
        images=sorted({image for unit in units for image in unit.images}),
        secrets=sorted({*was.secrets, *will.secrets}),
        volumes=sorted({*was.volumes, *will.volumes}),
    )
    raw = manifest.as_json()
    about = wanted.about._replace(manifest=hashlib.sha256(raw).hexdigest())
    return Generation.of(raw, {**installed.secrets, **wanted.secrets}, about)


def _files(installed: Generation, wanted: Generation, new: Sequence[Unit], old: Sequence[Unit]) -> list[File]:
    """The files of the units; those that no unit reads prepare the host, and are there for all."""
    files: dict[str, File] = {}
    for side in (installed, wanted):
        read = _read(side.units)
        files.update({file.path: file for file in side.files if file.path not in read})
    for side, units in ((installed, old), (wanted, new)):
        read = _read(units)
        files.update({file.path: file for file in side.files if file.path in read})
    return [files[path] for path in sorted(files)]


def _links(installed: Generation, wanted: Generation, new: Sequence[Unit], old: Sequence[Unit]) -> list[Link]:
    """The links to the units, and those to anything else."""
    units = {*names_of(installed.units), *names_of(wanted.units)}
    links: dict[str, Link] = {}
    for side, kept in ((installed, old), (wanted, new)):
        left = units - set(names_of(kept))
        links.update({link.path: link for link in side.links if _name(link) not in left})
    return [links[path] for path in sorted(links)]


def _name(link: Link) -> str:
    return link.target.rpartition("/")[2]


def _read(units: Iterable[Unit]) -> set[str]:
    return {path for unit in units for path in unit.files}


def _check_jobs(machine: Machine, wanted: Generation, record: Installed, services: Sequence[str]) -> None:
    """Refuse to leave out a job that is due: others may need what it does."""
    salt = salt_of(machine)
    before = units_before(machine, wanted, record, salt)
    starts = stops_and_starts(wanted, record, wanted.hashes(salt), before)[1]
    due = [start.unit for start in starts if start.unit.runs_once]
    if skipped := [unit for unit in due if unit.service not in services]:
        options = " ".join(sorted({f"--service {unit.service}" for unit in skipped}))
        names = ", ".join(f"`{name}`" for name in names_of(skipped))
        raise RefusedError(f"{names} must run once, and would be skipped", f"add `{options}`, or {_WHOLE}")


def _check_names(installed: Generation, wanted: Generation, services: Sequence[str]) -> None:
    known = {unit.service for unit in (*installed.units, *wanted.units)} - {""}
    if not known & {*services}:
        hint = f"its services: {', '.join(sorted(known))}"
        raise RefusedError(f"this host has no service `{'`, `'.join(services)}`", hint)
    if installed.engine not in ("", wanted.engine):
        raise RefusedError("all services move to another engine together", _WHOLE)


def _check_shared(
    installed: Generation, wanted: Generation, new: Sequence[Unit], old: Sequence[Unit]
) -> None:
    """Refuse what the others would get too: a file that they read, a value that they use."""
    paths = _read(new) & _read(old)
    names = {name for unit in old for name in unit.secrets} & wanted.secrets.keys()
    shared = [
        *_differing(paths, _digests(installed), _digests(wanted)),
        *_differing(names, installed.secrets, wanted.secrets),
    ]
    if shared:
        raise RefusedError(f"other services use what has changed: `{'`, `'.join(shared)}`", _WHOLE)


def _differing(names: Iterable[str], old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    return [name for name in sorted(names) if old.get(name) != new.get(name)]


def _digests(side: Generation) -> dict[str, str]:
    return {file.path: file.sha256 for file in side.files}
