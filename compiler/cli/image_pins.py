"""What the lock has of images that are built, for the commands that build images or compare them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from compiler.cli.output import note
from compiler.diagnostics import HeatsinkError, counted
from compiler.files import images_lock
from compiler.files.images_lock import BuildRecord, RecordParts

if TYPE_CHECKING:
    from compiler.images.outcome import BuildOutcome
    from compiler.images.recipe import ImageRecipe

lock_option = click.option(
    "--lock", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
    help="File with the versions of packages and the commits of sources.  "
    f"[default: ./{images_lock.NAME}, if there is one]",
)  # fmt: skip


def locked_builds(lock: Path | None, *, update: bool = False) -> dict[str, BuildRecord] | None:
    """Image → what the lock has of it, of the usual file if none is named; None without a file.

    With `update`, there is nothing, and the file need not exist; if it does, it must be a lock.
    """
    path = lock or Path(images_lock.NAME)
    builds = images_lock.read_lock(path).builds
    if update:
        return {}
    if lock and not lock.exists():
        hint = "check the path, or write the file with `heatsink images build --update`"
        raise HeatsinkError(f"there is no lock `{lock}`", hint=hint)
    return dict(builds) if path.exists() else None


def pinned_versions(builds: Mapping[str, BuildRecord] | None) -> dict[str, Mapping[str, str]] | None:
    """Image → package → version; None without a lock."""
    if builds is None:
        return None
    return {name: record.packages for name, record in builds.items() if record.packages}


def pinned_bases(builds: Mapping[str, BuildRecord] | None) -> dict[str, str]:
    """Image → the foreign image that it starts from, with a digest."""
    return {name: record.base for name, record in (builds or {}).items() if record.base}


def record_builds(
    lock: Path | None, outcomes: Iterable[BuildOutcome], recipes: Mapping[str, ImageRecipe]
) -> None:
    """Write what images were built from into the lock, where it has something else."""
    path = lock or Path(images_lock.NAME)
    parts = {
        outcome.name: _parts(outcome, recipes[outcome.name]) for outcome in outcomes if outcome.is_current
    }
    if changed := images_lock.changed_records(path, parts):
        images_lock.add_to_lock(path, builds=changed)
        note(f"what {counted(len(changed), 'image')} were built from written to {path}")


def sources_pushed(record: BuildRecord, labelled: Mapping[str, str]) -> dict[str, str]:
    """What a push records of the sources in an image's labels: those that the lock has of the image, or else
    all, parents' too. Labels of images that an earlier heatsink has built have no references."""
    before = record.sources
    return {
        name: before[name] if before.get(name, "").startswith(f"{entry} ") else entry
        for name, entry in labelled.items()
        if not before or name in before
    }


def _parts(outcome: BuildOutcome, recipe: ImageRecipe) -> RecordParts:
    from compiler.images.sources.locked import lock_entries

    parts = RecordParts(sources=lock_entries(recipe.sources))
    if outcome.base is not None:
        parts["base"] = outcome.base
    if outcome.packages is not None:
        parts["packages"] = outcome.packages
    return parts
