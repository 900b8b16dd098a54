"""The package versions of images in the lock, for the commands that build images or compare them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from compiler.cli.output import note
from compiler.diagnostics import HeatsinkError, counted
from compiler.files import images_lock

if TYPE_CHECKING:
    from compiler.images.outcome import BuildOutcome

lock_option = click.option(
    "--lock", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
    help=f"File with the versions of packages.  [default: ./{images_lock.NAME}, if there is one]",
)  # fmt: skip


def pinned_versions(lock: Path | None, *, update: bool = False) -> dict[str, Mapping[str, str]] | None:
    """Image → package → version, of the usual file if none is named; None without a file.

    With `update`, there are none, and the file need not exist; if it does, it must be a lock.
    """
    path = lock or Path(images_lock.NAME)
    builds = images_lock.read_lock(path).builds
    if update:
        return {}
    if lock and not lock.exists():
        hint = "check the path, or write the file with `heatsink images build --update`"
        raise HeatsinkError(f"there is no lock `{lock}`", hint=hint)
    versions = {name: record.packages for name, record in builds.items() if record.packages}
    return versions if path.exists() else None


def record_versions(lock: Path | None, outcomes: Iterable[BuildOutcome]) -> None:
    """Write the packages of images into the lock, where it has others."""
    path = lock or Path(images_lock.NAME)
    packages = {outcome.name: outcome.packages for outcome in outcomes if outcome.packages is not None}
    before = images_lock.read_lock(path).builds
    records = images_lock.records_with(path, "packages", packages)
    changed = {name: record for name, record in records.items() if record != before.get(name)}
    if changed:
        images_lock.add_to_lock(path, builds=changed)
        note(f"package versions of {counted(len(changed), 'image')} written to {path}")
