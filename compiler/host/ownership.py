"""What a bundle may do to a host: a manifest says only what emit writes, and what was there before stays.

The checks come before anything is changed, and name everything that is in the way.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping

from .engine import inspected
from .files import folders_above
from .installed import Installed
from .layout import HOME, STAMPS, UNITS
from .machine import Machine
from .manifest import KINDS, File, Link, Manifest, Unit
from .store import Generation
from .taken import is_replaceable
from .units import origins
from .wire import RefusedError
from .writable import NAME, is_emitted, is_emitted_link, is_plain, is_unit_name, refusal, system_refusal

SHOWN = 10  # names in one refusal
STEPS = range(6)
IMAGE = r"[A-Za-z0-9][!-~]*"
OWNER = "root:root"  # of everything that emit writes


def check_manifest(wanted: Manifest) -> None:
    """Refuse a manifest with anything that heatsink does not write: it was changed after compiling."""
    wrong = [
        *_wrong_files(wanted.files),
        *_wrong_links(wanted),
        *_wrong_units(wanted.units),
        *_wrong_names(wanted),
    ]
    if wrong:
        raise RefusedError(_listed(wrong), "compile again; what is in `build/` is not to be edited")


def _wrong_files(files: Iterable[File]) -> Iterator[str]:
    for file in files:
        problem = (
            None if is_emitted(file.path) else refusal(file.path, takes_over=file.path in file.takes_over)
        )
        if problem:
            yield problem.message
        elif file.owner != OWNER:
            yield f"`{file.path}` must belong to `{OWNER}`, not to `{file.owner}`"
        elif not re.fullmatch("0?[0-7]{3,4}", file.mode):
            yield f"`{file.path}` has the mode `{file.mode}`"
        yield from (
            f"a bundle must not take over `{path}`" for path in file.takes_over if not _is_takeable(path)
        )


def _is_takeable(path: str) -> bool:
    is_own = path.startswith(f"{HOME}/") or is_emitted(path)
    return is_plain(path) and not is_own and system_refusal(path, takes_over=True) is None


def _wrong_links(wanted: Manifest) -> Iterator[str]:
    names = {unit.name for unit in wanted.units}
    for link in wanted.links:
        if not (is_emitted_link(link.path, link.target) and link.target.rpartition("/")[2] in names):
            yield f"a bundle must not install the link `{link.path}` to `{link.target}`"


def _wrong_units(units: Iterable[Unit]) -> Iterator[str]:
    for unit in units:
        if not is_unit_name(unit.name):
            yield f"a bundle must not contain the unit `{unit.name}`"
        elif unit.kind not in KINDS or unit.step not in STEPS:
            yield f"unit `{unit.name}` is of kind `{unit.kind}` and step {unit.step}"
        elif unit.alias and not is_emitted_link(f"{UNITS}/{unit.alias}", unit.name):
            yield f"unit `{unit.name}` has the alias `{unit.alias}`"
        elif unit.stamp and not re.fullmatch(f"{STAMPS}/{NAME}", unit.stamp):
            yield f"unit `{unit.name}` has the stamp `{unit.stamp}`"


def _wrong_names(wanted: Manifest) -> Iterator[str]:
    """Words that an engine would take for options, and files of units that are not in the bundle."""
    paths = {file.path for file in wanted.files}
    images = [*wanted.images, *(image for unit in wanted.units for image in unit.images)]
    containers = [unit.container for unit in wanted.units if unit.container]
    yield from (f"`{image}` is not an image" for image in images if not re.fullmatch(IMAGE, image))
    for name in (*wanted.volumes, *containers):
        if not re.fullmatch(NAME, name):
            yield f"`{name}` is not the name of a volume or container"
    for unit in wanted.units:
        yield from (f"unit `{unit.name}` reads `{path}`" for path in unit.files if path not in paths)


def check_ownership(machine: Machine, wanted: Generation, installed: Installed) -> None:
    """Refuse to replace files, units and containers that are not heatsink's, but for those taken over."""
    theirs = [
        *_not_folders(machine, wanted.manifest),
        *_their_files(machine, wanted.manifest, installed),
        *_their_units(machine, wanted.manifest, installed),
        *_their_containers(machine, wanted, installed),
    ]
    if theirs:
        raise RefusedError(
            _listed(("on this host before heatsink, and not to be replaced:", *theirs)),
            "move them away and push again; with `take_over: true` a file is kept, and given back later",
        )


def _their_files(machine: Machine, wanted: Manifest, installed: Installed) -> Iterator[str]:
    entries: dict[str, File | Link] = {file.path: file for file in wanted.files}
    entries.update((link.path, link) for link in wanted.links)
    for path in sorted((entries.keys() | wanted.takes_over) - installed.paths):
        place = machine.path(path)
        if path in wanted.takes_over:
            if os.path.lexists(place) and not is_replaceable(place):
                yield f"`{path}`, which is neither a file nor a link"
        elif os.path.lexists(place) and not _is_left_over(machine, entries[path]):
            yield f"`{path}`"


def _not_folders(machine: Machine, wanted: Manifest) -> Iterator[str]:
    for folder in sorted(folders_above(wanted.paths)):
        place = machine.place(folder)
        if os.path.lexists(place) and not os.path.isdir(place):
            yield f"`{folder}`, which is not a folder"


def _is_left_over(machine: Machine, entry: File | Link) -> bool:
    """Whether what is there can only be heatsink's: its record was lost."""
    place = machine.path(entry.path)
    if entry.path.startswith(f"{HOME}/"):
        return True
    if isinstance(entry, Link):
        return place.is_symlink() and str(place.readlink()) == entry.target
    status = place.lstat()
    is_same = stat.S_ISREG(status.st_mode) and stat.S_IMODE(status.st_mode) == int(entry.mode, 8)
    return is_emitted(entry.path) and is_same and _sha256(place.read_bytes()) == entry.sha256


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _their_units(machine: Machine, wanted: Manifest, installed: Installed) -> Iterator[str]:
    """Units of these names, and of their aliases, that systemd has from another place."""
    ours = {*wanted.paths, *installed.paths}
    aliases = {link.path.rpartition("/")[2] for link in wanted.links if link.path not in installed.paths}
    aliases.update(unit.alias for unit in wanted.units if unit.alias)
    new = (aliases | {unit.name for unit in wanted.units}) - installed.units.keys()
    for name, places in origins(machine, sorted(new)).items():
        if places and not ours.intersection(places):
            yield f"unit `{name}`, from `{places[0]}`"


def _their_containers(machine: Machine, wanted: Generation, installed: Installed) -> Iterator[str]:
    """Containers of these names that no unit of heatsink runs: `--replace` would remove them."""
    running = (unit for unit in wanted.units if unit.container and unit.images)  # no timers, no `exec`s
    new = {unit.container: unit.name for unit in running if unit.name not in installed.units}
    for container in inspected(machine, wanted.engine, sorted(new)):
        name = str(container["Name"]).lstrip("/")
        if name in new and new[name] not in _labels(container).values():
            yield f"container `{name}`"


def _labels(container: Mapping[str, Mapping[str, object]]) -> dict[str, object]:
    """Its labels; one of them, whichever the engine's units set, has the unit's name as its value."""
    labels = container["Config"].get("Labels") or {}
    assert isinstance(labels, dict)
    return labels


def _listed(lines: Iterable[str]) -> str:
    first, *further = lines
    rest = [f"and {len(further) - SHOWN} more"] if len(further) > SHOWN else []
    return "\n  ".join((first, *further[:SHOWN], *rest))


def check_project(installed: Installed, project: str, taken_over: str) -> None:
    """Refuse a host of another project, unless it is taken over from just that one.

    A host that nobody has named a project for belongs to whoever names the first.
    """
    owner = installed.project
    if owner in ("", project, taken_over):
        return
    other = f"this is project `{project}`" if project else "the hosts file names no project"
    wrong = f", not to `{taken_over}`" if taken_over else f", and {other}"
    raise RefusedError(
        f"this host belongs to project `{owner}`{wrong}",
        f"check the hosts file; `push-artifacts --take-over {owner}` replaces what that project has there",
    )
