"""`heatsink images lock`: images of registries, pinned to the digests that they have now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from compiler.cli.command import Command
from compiler.cli.fleet_options import fleet_options, reading_shown
from compiler.cli.options import ca_option, insecure_option
from compiler.cli.output import note
from compiler.cli.selection import show_errors
from compiler.diagnostics import HeatsinkError, Report, counted
from compiler.files import images_lock
from compiler.model.container import Backend
from compiler.model.inputs import Merge

if TYPE_CHECKING:
    from compiler.images.pinning import PinOutcome
    from compiler.stages.load.inputs import Request

_LOCAL = "localhost/"


@click.command(cls=Command)
@click.argument("references", metavar="[REF]...", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Every image of the hosts that a compile selects.")
@fleet_options
@click.option("--update", is_flag=True, help="Ask again for images that are locked.")
@click.option(
    "--lock", "file", type=click.Path(path_type=Path, dir_okay=False), default=Path(images_lock.NAME),
    show_default=True, help="File to record the digests in.",
)  # fmt: skip
@ca_option
@insecure_option
def lock(
    references: tuple[str, ...], everything: bool, update: bool, file: Path, ca: Path | None,
    insecure: tuple[str, ...], environments: tuple[Path, ...], backend: str | None, merge: str,
    **request: Any,
) -> None:  # fmt: skip
    """Pin images to the digests that their tags have in their registries now.

    REF is a reference as a compile names it, such as `registry.example/site/web:1`. What is locked stays,
    unless `--update` is used. Exits with 1 if a registry does not serve an image; all others are locked
    nevertheless.
    """
    from compiler.images.pinning import pin
    from compiler.images.registry import RegistryClient
    from compiler.stages.load.inputs import Request

    fleet = Request(environments=tuple(map(str, environments)), **request)
    if everything == bool(references) or (references and fleet != Request()):
        raise click.UsageError("Pass either REF, or --all with the options of a compile.")
    _refuse_digests(references)
    wanted = _deployed(fleet, merge, backend) if everything else sorted(set(references))
    before = images_lock.read_lock(file).digests
    asked = [reference for reference in wanted if update or reference not in before]
    client = RegistryClient(ca=ca, insecure=frozenset(insecure))
    outcomes = list(pin(client, asked))
    digests = {outcome.reference: outcome.digest for outcome in outcomes if outcome.digest}
    if digests:
        images_lock.add_to_lock(file, digests)
    _show(wanted, outcomes, before, file)


def _refuse_digests(references: Sequence[str]) -> None:
    if pinned := [reference for reference in references if "@" in reference]:
        hint = "pass a reference with a tag: the lock has its digest"
        raise HeatsinkError(f"`{pinned[0]}` has a digest already", hint=hint)


def _deployed(fleet: Request, merge: str, backend: str | None) -> Sequence[str]:
    """The images of the hosts that a compile selects, without those that no registry has."""
    from compiler.pipeline import Options, tagged_images

    options = Options(merge=Merge(merge), backend=Backend(backend) if backend else None)
    images = tagged_images(fleet, options, Report(), reading_shown())
    local = [image for image in images if image.startswith(_LOCAL)]
    if local:
        note(f"not in a registry: {', '.join(local)}")
    return [image for image in images if image not in local]


def _show(
    wanted: Sequence[str], outcomes: Sequence[PinOutcome], before: Mapping[str, str], file: Path
) -> None:
    """Print what has changed, and the errors, with which the command fails."""
    changed = [outcome for outcome in outcomes if outcome.digest not in ("", before.get(outcome.reference))]
    for outcome in changed:
        note(f"locked {outcome.reference} at {outcome.digest}")
    errors = [outcome.error for outcome in outcomes if outcome.error]
    kept = len(wanted) - len(changed) - len(errors)
    note(f"{counted(len(changed), 'image')} locked in {file}, {kept} unchanged")
    show_errors(errors)
