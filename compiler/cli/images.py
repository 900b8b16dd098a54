"""`heatsink images`: the container images of the services."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from compiler.cli.command import PlanCommand, json_option
from compiler.cli.groups import CommandGroup
from compiler.cli.image_build import BuildOptions, build_options, show_result
from compiler.cli.image_diff import show_rebuilds
from compiler.cli.image_engine import EngineOptions, engine_options
from compiler.cli.image_file import load, save
from compiler.cli.image_graph import FORMATS
from compiler.cli.image_list import image_rows, show_images
from compiler.cli.image_lock import lock
from compiler.cli.image_options import ImageOptions, image_options, recipe_options
from compiler.cli.image_pins import (
    locked_builds,
    pinned_bases,
    pinned_versions,
    record_builds,
    sources_pushed,
)
from compiler.cli.image_progress import build_shown
from compiler.cli.image_signing import sign, verify
from compiler.cli.output import note
from compiler.cli.selection import show_errors
from compiler.diagnostics import HeatsinkError
from compiler.files import images_lock
from compiler.files.images_lock import BuildRecord, RecordParts

if TYPE_CHECKING:
    from compiler.images.push import PushOutcome


@click.group(cls=CommandGroup)
def images() -> None:
    """Build, list, compare, draw, render, push, sign and carry container images.

    PATTERN is a glob of image names, such as `nova-*`. The options of a compile, such as `--role` and `-e`,
    select what these hosts deploy, `--profile` what a profile has. Each kind limits the others; without
    any, all images are selected.
    """


@images.command()
@recipe_options
@engine_options
@build_options
def build(patterns: tuple[str, ...], engine: EngineOptions, building: BuildOptions, **options: Any) -> None:
    """Build images in dependency order.

    Exit code 0: all are up to date, 1: an image has failed, 3: only images have that may fail.
    """
    from compiler.images.build import build as build_images

    image_options = ImageOptions(**options, update=building.update)
    selected = image_options.selected(patterns).names
    wanted = image_options.recipes_of(selected).checked()
    kept = wanted.keys() - image_options.with_built_on(selected) if building.skip_parents else ()
    settings = building.settings(kept, image_options.lock)
    allowed = building.allowed(image_options.tree)
    outcomes = []
    with engine.running() as running, build_shown(wanted) as shown:
        for outcome in build_images(running, wanted, settings, shown):
            shown.ended(outcome)
            outcomes.append(outcome)
    if settings.pins is not None:
        record_builds(image_options.lock, outcomes, wanted)
    sys.exit(show_result(outcomes, wanted, allowed, as_json=building.as_json))


@images.command("list")
@recipe_options
@engine_options
@json_option()
def list_images(patterns: tuple[str, ...], engine: EngineOptions, as_json: bool, **options: Any) -> None:
    """List images, their parents, and whether they are up to date.

    Deployed images that are not of the tree are foreign. Exits with 1 if a Dockerfile is broken; all other
    images are listed nevertheless.
    """

    image_options = ImageOptions(**options)
    images = image_options.selected(patterns)
    selected = image_options.recipes_of(images.names)
    with engine.running() as running:
        rows = image_rows(selected, running.content_hash, images.foreign)
    if as_json:
        click.echo(json.dumps(rows, indent=2))
    else:
        show_images(rows)
    show_errors([selected.error()])


@images.command(cls=PlanCommand)
@recipe_options
@engine_options
@json_option()
def diff(patterns: tuple[str, ...], engine: EngineOptions, as_json: bool, **options: Any) -> None:
    """Show which images a build would build, and why.

    Exit code 0: none, 2: some, 1: an error, such as a broken Dockerfile.
    """
    from compiler.images.package_pins import package_pins
    from compiler.images.rebuild import rebuilds

    image_options = ImageOptions(**options)
    builds = locked_builds(image_options.lock)
    selected = image_options.recipes(patterns)
    with engine.running() as running:
        pins = package_pins(running, selected.by_name, pinned_versions(builds), bases=pinned_bases(builds))
        rows = list(rebuilds(selected.by_name, running.labels, pins))
    show_rebuilds(rows, selected, as_json=as_json)
    show_errors([selected.error()])
    sys.exit(2 if rows else 0)


@images.command()
@recipe_options
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, file_okay=False), required=True,
    help="Folder for NAME/Dockerfile and the files next to it.",
)  # fmt: skip
def render(patterns: tuple[str, ...], output: Path, **options: Any) -> None:
    """Write the build contexts of images to a folder, to read them or to build by hand."""
    from compiler.images.context import write_folder

    for recipe in ImageOptions(**options).recipes(patterns).checked().values():
        write_folder(recipe, output / recipe.name)


@images.command()
@recipe_options
@click.option(
    "--format", "form", type=click.Choice(list(FORMATS)), default="dot", show_default=True,
    help="The language of the graph: of Graphviz, or of Mermaid.",
)  # fmt: skip
def graph(patterns: tuple[str, ...], form: str, **options: Any) -> None:
    """Print images as a graph, with what is built on an image below it.

    Broken images are red; the exit code is 1 if there are any.
    """
    selected = ImageOptions(**options).recipes(patterns)
    for line in FORMATS[form](selected):
        click.echo(line)
    show_errors([selected.error()])


@images.command()
@image_options
@engine_options
@click.option("--registry", "address", required=True, metavar="HOST[:PORT]", help="Registry to push to.")
@click.option("--insecure-registry", "insecure", is_flag=True, help="Use plain HTTP.")
@click.option(
    "--lock", type=click.Path(path_type=Path, dir_okay=False), default=Path(images_lock.NAME),
    show_default=True, help="File to record the digests in.",
)  # fmt: skip
@click.option(
    "--jobs", type=click.IntRange(min=1), default=2, show_default=True, help="Number of pushes at a time."
)
def push(
    patterns: tuple[str, ...],
    engine: EngineOptions,
    address: str,
    insecure: bool,
    lock: Path,
    jobs: int,
    **options: Any,
) -> None:
    """Push images to a registry and record their digests.

    Without a selection, pushes every image that is built.
    """
    from compiler.images.push import ImageRegistry, built
    from compiler.images.push import push as push_images

    image_options = ImageOptions(**options)
    names = sorted(image_options.selected(patterns).names)
    is_named = patterns or image_options.selection.is_narrow()
    registry = ImageRegistry(address=address, insecure=insecure)
    builds = images_lock.read_lock(lock).builds
    digests: dict[str, str] = {}
    parts: dict[str, RecordParts] = {}
    with engine.running() as running:
        selected = names if is_named else built(running, names, image_options.naming)
        pins = pinned_versions(builds)
        for pushed in push_images(running, selected, image_options.naming, registry, jobs=jobs, pins=pins):
            _print_pushed(pushed)
            if pushed.digest:
                digests[pushed.reference] = pushed.digest
                parts[pushed.name] = {
                    "sources": sources_pushed(builds.get(pushed.name, BuildRecord()), pushed.sources)
                }
    if not digests:
        raise _nothing_pushed(selected, address)
    images_lock.add_to_lock(lock, digests, images_lock.changed_records(lock, parts))
    note(f"{len(digests)} of {len(selected)} images pushed, digests written to {lock}")
    sys.exit(0 if len(digests) == len(selected) else 1)


images.add_command(lock)
images.add_command(save)
images.add_command(load)
images.add_command(sign)
images.add_command(verify)


def _nothing_pushed(selected: Sequence[str], address: str) -> HeatsinkError:
    if not selected:
        return HeatsinkError("no image is built", hint="run `heatsink images build`")
    hint = "check the address of the registry, and your login"
    return HeatsinkError(f"no image was pushed to `{address}`", hint=hint)


def _print_pushed(pushed: PushOutcome) -> None:
    if pushed.digest:
        note(f"pushed {pushed.reference}")
    else:
        click.echo(f"failed {pushed.reference}: {pushed.reason}", err=True)
