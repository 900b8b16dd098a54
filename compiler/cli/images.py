"""`heatsink images`: the container images of the services."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from compiler.cli.command import json_option
from compiler.cli.completion import complete_images
from compiler.cli.groups import CommandGroup
from compiler.cli.output import Cell, note, show_table
from compiler.diagnostics import HeatsinkError
from compiler.files import images_lock

if TYPE_CHECKING:
    from compiler.images.build import BuildOutcome
    from compiler.images.push import PushOutcome
    from compiler.images.recipe import ImageRecipe, Naming

_Decorated = Callable[..., Any]
_FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class _ImageOptions:
    """The options that say which images there are, and what they are called."""

    folders: tuple[Path, ...]
    namespace: str
    tag: str | None
    base_image: str | None = None

    @property
    def all_folders(self) -> list[Path]:
        """The shipped images, then the operator's own."""
        from compiler.shipped import folder

        own = [Path("images")] if Path("images").is_dir() else []
        return [folder("images"), *(self.folders or own)]

    @property
    def naming(self) -> Naming:
        """The names of images in the engine and in registries."""
        from compiler import __version__
        from compiler.images.recipe import Naming

        return Naming(namespace=self.namespace, tag=self.tag or __version__)

    def recipes(self) -> dict[str, ImageRecipe]:
        """The recipes of all images, parents first."""
        from compiler import __version__
        from compiler.images.recipe import RenderSettings, recipes
        from compiler.images.tree import discover

        settings = RenderSettings(
            naming=self.naming,
            version=__version__,
            base_image=self.base_image,
            search=tuple(reversed(self.all_folders)),
        )
        return recipes(discover(self.all_folders), settings)


def _image_options(command: _Decorated) -> _Decorated:
    """Give a command PATTERN, and the options of `_ImageOptions`."""
    for option in (
        click.option("--tag", help="Image tag.  [default: heatsink's version]"),
        click.option("--namespace", default="heatsink", show_default=True, help="Image namespace."),
        click.option(
            "--images", "folders", type=_FOLDER, multiple=True,
            help="Folder of more images; they override built-in ones of the same name.  [default: ./images]",
        ),
        click.argument("patterns", metavar="[PATTERN]...", nargs=-1, shell_complete=complete_images),
    ):  # fmt: skip
        command = option(command)
    return command


_base_option = click.option(
    "--base-image", metavar="REF", help="Build on this image of a registry instead of a Debian built here."
)


@click.group(cls=CommandGroup)
def images() -> None:
    """Build, list, render and push container images.

    PATTERN is a glob of image names, such as `nova-*`; without one, all images are selected.
    """


@images.command()
@_image_options
@_base_option
@click.option(
    "--jobs", type=click.IntRange(min=1), default=2, show_default=True, help="Number of builds at a time."
)
@click.option("--no-cache", is_flag=True, help="Rebuild unchanged images too, with the latest packages.")
def build(patterns: tuple[str, ...], jobs: int, no_cache: bool, **options: Any) -> None:
    """Build images in dependency order."""
    from compiler.images.build import build as build_images
    from compiler.images.engine import own_engine

    wanted = _wanted(patterns, _ImageOptions(**options).recipes())
    failed = 0
    with own_engine() as engine:
        for outcome in build_images(engine, wanted, jobs=jobs, cached=not no_cache, started=_print_started):
            failed += not outcome.available
            _print_outcome(outcome)
    note(f"{len(wanted) - failed} of {len(wanted)} images up to date")
    sys.exit(1 if failed else 0)


@images.command("list")
@_image_options
@_base_option
@json_option()
def list_images(patterns: tuple[str, ...], as_json: bool, **options: Any) -> None:
    """List images, their parents, and whether they are up to date."""
    from compiler.images.engine import own_engine

    wanted = _wanted(patterns, _ImageOptions(**options).recipes())
    with own_engine() as engine:
        rows = [_row(recipe, engine.content_hash(recipe.reference)) for recipe in wanted.values()]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
    else:
        _show_table(rows)


@images.command()
@_image_options
@_base_option
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, file_okay=False), required=True,
    help="Folder for NAME/Dockerfile and the files next to it.",
)  # fmt: skip
def render(patterns: tuple[str, ...], output: Path, **options: Any) -> None:
    """Write the build contexts of images to a folder, to read them or to build by hand."""
    from compiler.images.context import write_folder

    for recipe in _wanted(patterns, _ImageOptions(**options).recipes()).values():
        write_folder(recipe, output / recipe.name)


@images.command()
@_image_options
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
    patterns: tuple[str, ...], address: str, insecure: bool, lock: Path, jobs: int, **options: Any
) -> None:
    """Push images to a registry and record their digests.

    Without PATTERN, pushes every image that is built.
    """
    from compiler.images.engine import own_engine
    from compiler.images.push import ImageRegistry, built
    from compiler.images.push import push as push_images
    from compiler.images.tree import chosen, discover

    image_options = _ImageOptions(**options)
    names = chosen(discover(image_options.all_folders), patterns)
    registry = ImageRegistry(address=address, insecure=insecure)
    digests = {}
    with own_engine() as engine:
        selected = names if patterns else built(engine, names, image_options.naming)
        for pushed in push_images(engine, selected, image_options.naming, registry, jobs=jobs):
            _print_pushed(pushed)
            if pushed.digest:
                digests[pushed.reference] = pushed.digest
    if not digests:
        raise _nothing_pushed(selected, address)
    images_lock.add_to_lock(lock, digests)
    note(f"{len(digests)} of {len(selected)} images pushed, digests written to {lock}")
    sys.exit(0 if len(digests) == len(selected) else 1)


def _nothing_pushed(selected: Sequence[str], address: str) -> HeatsinkError:
    if not selected:
        return HeatsinkError("no image is built", hint="run `heatsink images build`")
    hint = "check the address of the registry, and your login"
    return HeatsinkError(f"no image was pushed to `{address}`", hint=hint)


def _wanted(patterns: Sequence[str], recipes: dict[str, ImageRecipe]) -> dict[str, ImageRecipe]:
    """The recipes of the selected images and of their ancestors, parents first.

    A root file system that no image uses, because of `--base-image`, is selected only by its name.
    """
    from compiler.images.tree import chosen, with_parents

    parents = {name: recipe.parents for name, recipe in recipes.items()}
    built_on = {parent for above in parents.values() for parent in above}
    eligible = [name for name, recipe in recipes.items() if patterns or not recipe.rootfs or name in built_on]
    names = with_parents(chosen(eligible, patterns), parents)
    return {name: recipe for name, recipe in recipes.items() if name in names}


def _print_started(name: str) -> None:
    note(f"building {name}")


def _print_outcome(outcome: BuildOutcome) -> None:
    time = f" ({outcome.seconds:.0f} s)" if outcome.seconds else ""
    reason = f": {outcome.reason}" if outcome.reason else ""
    for line in outcome.log:
        click.echo(f"  {outcome.name} | {line}", err=True)
    click.echo(f"{outcome.name} {outcome.result.value}{time}{reason}", err=True)


def _print_pushed(pushed: PushOutcome) -> None:
    if pushed.digest:
        note(f"pushed {pushed.reference}")
    else:
        click.echo(f"failed {pushed.reference}: {pushed.reason}", err=True)


def _row(recipe: ImageRecipe, built: str | None) -> dict[str, Any]:
    return {
        "name": recipe.name,
        "parents": list(recipe.parents),
        "reference": recipe.reference,
        "hash": recipe.content_hash,
        "built": built == recipe.content_hash,
    }


def _show_table(rows: Sequence[dict[str, Any]]) -> None:
    show_table(
        ("image", "built on", "hash", "built"),
        (
            [
                Cell(text)
                for text in (row["name"], ", ".join(row["parents"]), row["hash"][:12], _yes(row["built"]))
            ]
            for row in rows
        ),
    )


def _yes(value: object) -> str:
    return "yes" if value else "no"
