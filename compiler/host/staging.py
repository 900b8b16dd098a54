"""Receives a bundle: asks for missing files, and changes nothing outside the staging folder."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from .disk import remove_tree, write
from .files import folders_above
from .layout import CURRENT, QUADLETS, UNITS, defines_units
from .machine import Machine, require
from .manifest import File
from .sealed import sealed
from .space import check_space
from .store import Generation, generation, kept_generations, linked
from .wire import Pusher, RefusedError


def stage(machine: Machine, pusher: Pusher, wanted: Generation) -> Generation:
    """The generation on disk: one that is already kept, or a new one from the files that are sent."""
    kept = next((generation for generation in kept_generations(machine) if _same(generation, wanted)), None)
    blobs = _blobs(machine, wanted)
    missing = [file for file in _distinct(wanted.files) if file.sha256 not in blobs]
    pusher.send("missing", blobs=[file.sha256 for file in missing])
    received = _received(pusher, missing)
    if kept and not missing and kept.is_whole(machine):
        return kept
    staging = machine.path(wanted.folder)
    staging.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    remove_tree(staging)
    check_space(machine, {f"{wanted.folder}{file.path}": file.size for file in missing})
    _write_tree(staging / "root", wanted.files, blobs, received)
    write(staging / "manifest.json", wanted.raw, 0o600)
    write(staging / "secrets.json", sealed(dict(wanted.secrets)), 0o600)
    write(staging / "about.json", sealed(wanted.about._asdict()), 0o600)
    return wanted


def _same(one: Generation, other: Generation) -> bool:
    return one.raw == other.raw and one.secrets == other.secrets


def _distinct(files: Iterable[File]) -> list[File]:
    return list({file.sha256: file for file in files}.values())


def _blobs(machine: Machine, wanted: Generation) -> dict[str, str]:
    """Digest → a file of a kept generation with that content, which is verified."""
    needed = {file.sha256 for file in wanted.files}
    places: dict[str, str] = {}
    for kept in kept_generations(machine):
        for file in kept.files:
            if file.sha256 in needed - places.keys() and kept.pushed(machine, file) is not None:
                places[file.sha256] = machine.place(f"{kept.folder}/root{file.path}")
    return places


def _received(pusher: Pusher, missing: Sequence[File]) -> dict[str, bytes]:
    """Digest → content of missing files, which are sent as one piece in the order of the request."""
    if not missing:
        return {}
    rest = memoryview(pusher.payload(pusher.receive()["size"]))
    received: dict[str, bytes] = {}
    for file in missing:
        received[file.sha256] = bytes(rest[: file.size])
        rest = rest[file.size :]
        if hashlib.sha256(received[file.sha256]).hexdigest() != file.sha256:
            raise RefusedError(
                f"`{file.path}` does not match its digest in the manifest", hint="compile again"
            )
    return received


def _write_tree(
    root: Path, files: Sequence[File], blobs: Mapping[str, str], received: Mapping[str, bytes]
) -> None:
    """Write a generation's files; content that an older generation has is hard-linked."""
    root.mkdir(parents=True, mode=0o700)
    for folder in sorted(folders_above(file.path for file in files)):
        os.mkdir(f"{root}{folder}")
    for file in files:
        place = f"{root}{file.path}"
        if file.sha256 in blobs:
            os.link(blobs[file.sha256], place)
        else:
            with open(place, "xb") as new:
                new.write(received[file.sha256])


def check_units(machine: Machine, wanted: Generation) -> None:
    """Have systemd and Quadlet verify the staged units that are new or changed before they replace any; those
    of the current generation have come up on this host."""
    new = _new_definitions(machine, wanted)
    root = machine.path(f"{wanted.folder}/root")
    units = [f"{root}{path}" for path in new if path.startswith(f"{UNITS}/")]
    if units and machine.has("systemd-analyze"):
        # Only these units: errors in the distribution's units that they depend on are not the bundle's.
        argv = ("systemd-analyze", "verify", "--man=no", "--recursive-errors=no", *units)
        done = machine.run(argv, SYSTEMD_UNIT_PATH=f"{root}{UNITS}:")
        require(done, "systemd rejects the units", cut=str(root))
    generator = "/usr/lib/systemd/system-generators/podman-system-generator"
    if any(path.startswith(f"{QUADLETS}/") for path in new) and Path(generator).exists():
        done = machine.run((generator, "--dryrun"), QUADLET_UNIT_DIRS=f"{root}{QUADLETS}")
        require(done, "podman rejects the Quadlet files", cut=str(root))


def _new_definitions(machine: Machine, wanted: Generation) -> list[str]:
    """The unit and Quadlet files that are not the same in the current generation."""
    current: Sequence[File] = ()
    with contextlib.suppress(RefusedError):
        current = generation(machine, linked(machine, CURRENT)).files
    same = {(file.path, file.sha256) for file in current}
    return [
        file.path
        for file in wanted.files
        if defines_units(file.path) and (file.path, file.sha256) not in same
    ]
