"""Bundles on disk. A new host's folder is created beside its place and renamed; an old one is updated.

The tree is never deleted and written again: creating files where others were just deleted is 10 to 20 times
slower (measured on ext4), and a reader would see an incomplete tree.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

from compiler.diagnostics import HeatsinkError, reason
from compiler.files.writing import create_file, replace_file
from compiler.host.manifest import FORMAT
from compiler.model.artifact import File
from compiler.model.fleet import FLEET_MODE, PLACES, Fleet, FleetHost
from compiler.stages.bundle.compiled import CompiledBundle


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What writing would change, or has changed: paths below the build folder."""

    written: tuple[str, ...]
    removed: tuple[str, ...]
    unchanged: int


def changes(out: Path, bundles: Iterable[CompiledBundle], fleet: bytes, gone: Iterable[str]) -> Changes:
    """The differences between the folder and these bundles; `gone` names hosts that have left."""
    written, removed, unchanged = [], [], 0
    for bundle in bundles:
        old = _entries(out / "hosts" / bundle.host.name)
        differing = list(_differing(out, bundle, old))
        written += [f"hosts/{bundle.host.name}/{path}" for path in differing]
        removed += [f"hosts/{bundle.host.name}/{path}" for path in _left(bundle, old)]
        unchanged += len(bundle.files) + 1 - len(differing)
    removed += [f"hosts/{name}" for name in gone]
    same_fleet = _is_current(out / "fleet.json", fleet, FLEET_MODE)
    return Changes(
        written=(*written, *([] if same_fleet else ["fleet.json"])),
        removed=tuple(removed),
        unchanged=unchanged + same_fleet,
    )


def write(out: Path, bundles: Iterable[CompiledBundle], fleet: bytes, gone: Iterable[str]) -> Changes:
    """Make the folder hold these bundles, fleet.json after them, and return what that changed.

    What is in places.json does not count: no host gets it.
    """
    bundles, gone = tuple(bundles), tuple(gone)
    result = changes(out, bundles, fleet, gone)
    try:
        if result.written or result.removed:
            _carry_out(out, bundles, fleet, gone, result)
        _write_places(out, bundles)
    except OSError as error:
        raise HeatsinkError(
            f"`{error.filename or out}` cannot be written: {reason(error)}",
            hint="free disk space or fix the permissions, then compile again",
        ) from None
    return result


def _carry_out(
    out: Path, bundles: tuple[CompiledBundle, ...], fleet: bytes, gone: tuple[str, ...], result: Changes
) -> None:
    wanted = set(result.written)
    for bundle in bundles:
        folder = out / "hosts" / bundle.host.name
        if folder.is_dir():
            _update(folder, bundle, wanted)
        else:
            _create(folder, bundle)
    for path in result.removed:
        _remove(out / path, out / "hosts")
    for name in gone:
        shutil.rmtree(out / "hosts" / name, ignore_errors=True)
    if "fleet.json" in wanted:
        replace_file(out / "fleet.json", fleet, FLEET_MODE)


def _write_places(out: Path, bundles: tuple[CompiledBundle, ...]) -> None:
    for bundle in bundles:
        path, places = out / "hosts" / bundle.host.name / PLACES, bundle.places
        if not _is_current(path, places, bundle.mode):
            replace_file(path, places, bundle.mode)


def _differing(out: Path, bundle: CompiledBundle, old: dict[str, str]) -> Iterator[str]:
    root = f"{out}/hosts/{bundle.host.name}/root"
    for file in bundle.files:
        if old.get(file.path) != file.sha256 or not _is_written(file, root + file.path):
            yield f"root{file.path}"
    if not _is_current(out / "hosts" / bundle.host.name / "manifest.json", bundle.manifest, bundle.mode):
        yield "manifest.json"


def _left(bundle: CompiledBundle, old: dict[str, str]) -> Iterator[str]:
    kept = {file.path for file in bundle.files}
    yield from (f"root{path}" for path in sorted(old) if path not in kept)


def _entries(folder: Path) -> dict[str, str]:
    """Path → sha256 of the files in a host's folder, by its manifest; empty without a readable one."""
    try:
        listed = json.loads((folder / "manifest.json").read_bytes())["files"]
        return {entry["path"]: entry["sha256"] for entry in listed}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _is_written(file: File, path: str) -> bool:
    """Whether a file of its size is there, and is private if it must be."""
    try:
        status = os.stat(path)  # noqa: PTH116 - Path objects for many thousand files are slow
    except OSError:
        return False
    return status.st_size == len(file.content) and not (file.is_private and status.st_mode & 0o077)


def _mode(file: File) -> int:
    return 0o600 if file.is_private else 0o644


def _is_current(path: Path, content: bytes, mode: int) -> bool:
    """Whether a file has its content, and nobody may read it whom its mode forbids to."""
    try:
        return path.read_bytes() == content and not path.stat().st_mode & ~mode & 0o077
    except OSError:
        return False


def _create(folder: Path, bundle: CompiledBundle) -> None:
    """Create a host's whole folder under another name, and rename it when it is complete."""
    beside = folder.with_name(f".{bundle.host.name}.new")
    shutil.rmtree(beside, ignore_errors=True)
    folders: set[str] = set()
    for file in bundle.files:
        path = f"{beside}/root{file.path}"
        parent = path.rpartition("/")[0]
        if parent not in folders:
            os.makedirs(parent, exist_ok=True)  # noqa: PTH103 - as above
            folders.add(parent)
        create_file(path, file.content, _mode(file))
    beside.mkdir(parents=True, exist_ok=True)
    create_file(f"{beside}/manifest.json", bundle.manifest, bundle.mode)
    beside.rename(folder)


def _update(folder: Path, bundle: CompiledBundle, wanted: set[str]) -> None:
    for file in bundle.files:
        if f"hosts/{bundle.host.name}/root{file.path}" in wanted:
            replace_file(Path(f"{folder}/root{file.path}"), file.content, _mode(file))
    if f"hosts/{bundle.host.name}/manifest.json" in wanted:
        replace_file(folder / "manifest.json", bundle.manifest, bundle.mode)


def _remove(path: Path, top: Path) -> None:
    """Delete a file, and the folders that this leaves empty."""
    if path.is_dir():
        return
    path.unlink(missing_ok=True)
    for parent in path.parents:
        if parent == top or any(parent.iterdir()):
            return
        parent.rmdir()


Entries = dict[str, dict[str, object]]
"""Hosts of a fleet.json, by name."""


class OldFleet(NamedTuple):
    """The fleet.json of an earlier compile."""

    hosts: Entries
    left: Entries  # they have left the hosts file, and are not removed yet


def fleet_json(fleet: Fleet, others: Entries, left: Entries) -> bytes:
    """fleet.json: hosts, how to connect to them, and the steps that a push takes on all of them together.

    Of an earlier compile come `others`, hosts that were not compiled now, and `left`, those that left the
    hosts file.
    """
    fields: dict[str, object] = {
        "format": FORMAT,
        "hosts": others | {host.name: _fleet_host(host) for host in fleet.hosts},
        "steps": list(fleet.steps),
    }
    if fleet.project:
        fields["project"] = fleet.project
    if left:
        fields["left"] = {name: _without_bundle(entry) for name, entry in left.items()}
    if fleet.credentials:
        fields["credentials"] = [asdict(credential) for credential in fleet.credentials]
    return (json.dumps(fields, indent=1, sort_keys=True) + "\n").encode()


def _fleet_host(host: FleetHost) -> dict[str, object]:
    reached = {
        key: value
        for key in ("address", "port", "user", "identity_file")
        if (value := getattr(host.connection, key)) is not None
    }
    networks = {"addresses": list(host.addresses)} if host.addresses else {}
    return {
        "role": host.role,
        "backend": host.backend,
        "connection": reached,
        "manifest": host.manifest,
        **networks,
    }


def _without_bundle(entry: dict[str, object]) -> dict[str, object]:
    return {key: value for key, value in entry.items() if key != "manifest"}


def old_fleet(out: Path) -> OldFleet:
    """The hosts in the fleet.json of an earlier compile; none without one."""
    try:
        fleet = json.loads((out / "fleet.json").read_bytes())
        return OldFleet(_entries_of(fleet["hosts"]), _entries_of(fleet.get("left", {})))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return OldFleet({}, {})


def _entries_of(value: object) -> Entries:
    hosts = value if isinstance(value, dict) else {}
    return {name: entry for name, entry in hosts.items() if isinstance(entry, dict)}
