"""The options of `heatsink images build`, and its result for programs."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from compiler.cli.command import json_option
from compiler.cli.completion import complete_images
from compiler.cli.image_pins import locked_builds, pinned_bases, pinned_versions
from compiler.cli.options import grouped
from compiler.cli.output import note
from compiler.diagnostics import HeatsinkError

if TYPE_CHECKING:
    from compiler.images.builder import BuildSettings
    from compiler.images.outcome import BuildOutcome
    from compiler.images.recipe import ImageRecipe

ONLY_ALLOWED = 3  # exit code: nothing has failed but what may fail; 2 is wrong usage


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildOptions:
    """How images are built, and what is printed at the end."""

    jobs: int
    no_cache: bool
    retries: int
    logs: Path
    pull: bool
    skip_parents: bool
    may_fail: tuple[str, ...]
    sboms: Path | None
    update: bool
    as_json: bool

    def settings(self, kept: Iterable[str], lock: Path | None) -> BuildSettings:
        """The same for `compiler.images.build`, with the images that are not to be built, and a lock."""
        from compiler.images.builder import BuildSettings
        from compiler.images.logs import LogFolder
        from compiler.images.retries import Retries

        builds = locked_builds(lock, update=self.update)
        return BuildSettings(
            logs=LogFolder(self.logs),
            jobs=self.jobs,
            cached=not (self.no_cache or self.update),
            retries=Retries(number=self.retries),
            pull=self.pull or self.update,
            sboms=self.sboms,
            epoch=_source_date_epoch(),
            kept=frozenset(kept),
            pins=pinned_versions(builds),
            bases=pinned_bases(builds),
        )

    def allowed(self, tree: Iterable[str]) -> frozenset[str]:
        """The images that may fail. Raises HeatsinkError for patterns that match none of the tree."""
        from compiler.images.tree import chosen

        return frozenset(chosen(tree, self.may_fail) if self.may_fail else ())


def build_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of BuildOptions, as its parameter `building`."""
    options = (
        click.option(
            "--jobs", type=click.IntRange(min=1), default=2, show_default=True,
            help="Number of builds at a time.",
        ),
        click.option(
            "--no-cache", is_flag=True,
            help="Rebuild unchanged images too, with the latest packages that the lock allows.",
        ),
        click.option(
            "--retries", type=click.IntRange(min=0), default=3, show_default=True,
            help="Further attempts after failures of the network.",
        ),
        click.option(
            "--logs-dir", "logs", type=click.Path(path_type=Path, file_okay=False),
            default=Path("build/image-logs"), show_default=True, help="Folder for the output of each build.",
        ),
        click.option(
            "--pull", is_flag=True,
            help="Pull the images of registries that images are built on, and rebuild on newer ones.",
        ),
        click.option(
            "--skip-parents", is_flag=True,
            help="Build only the selected images, on the parents that the engine has.",
        ),
        click.option(
            "--allow-failure", "may_fail", metavar="PATTERN", multiple=True, shell_complete=complete_images,
            help="Images that may fail: if only these have, the exit code is 3; repeatable.",
        ),
        click.option(
            "--sbom", "sboms", metavar="DIR", type=click.Path(path_type=Path, file_okay=False),
            help="Write the packages of each image to `NAME.spdx.json` in this folder.",
        ),
        click.option(
            "--update", is_flag=True,
            help="Rebuild with the latest packages and sources, and write what they are into the lock.",
        ),
        json_option("Print the result for each image as JSON."),
    )  # fmt: skip
    return grouped(command, "building", BuildOptions, options)


def _source_date_epoch() -> int | None:
    """https://reproducible-builds.org/specs/source-date-epoch/"""
    value = os.environ.get("SOURCE_DATE_EPOCH", "")
    if value and not re.fullmatch("[0-9]{1,11}", value):
        hint = "write the seconds since 1970, as `git log -1 --format=%ct` does"
        raise HeatsinkError(f"SOURCE_DATE_EPOCH is not a time: `{value}`", hint=hint)
    return int(value) if value else None


def show_result(
    outcomes: Sequence[BuildOutcome], recipes: Mapping[str, ImageRecipe], allowed: Collection[str], *,
    as_json: bool,
) -> int:  # fmt: skip
    """Print the result. The exit code that is returned says what has failed."""
    from compiler.images.outcome import forgiven

    parents = {name: recipe.parents for name, recipe in recipes.items()}
    excused = forgiven(outcomes, parents, allowed)
    available = sum(outcome.available for outcome in outcomes)
    may = f", allowed to fail: {', '.join(sorted(excused))}" if excused else ""
    note(f"{available} of {len(recipes)} images up to date{may}")
    if as_json:
        click.echo(json.dumps(outcomes_as_json(outcomes, recipes, excused), indent=2))
    if available == len(outcomes):
        return 0
    return ONLY_ALLOWED if available + len(excused) == len(outcomes) else 1


def outcomes_as_json(
    outcomes: Sequence[BuildOutcome], recipes: Mapping[str, ImageRecipe], excused: Collection[str]
) -> dict[str, list[dict[str, object]]]:
    """The result for each image, sorted by name."""
    rows = [
        {**_as_json(outcome, recipes[outcome.name]), "allowed_to_fail": outcome.name in excused}
        for outcome in outcomes
    ]
    return {"images": sorted(rows, key=lambda row: str(row["name"]))}


def _as_json(outcome: BuildOutcome, recipe: ImageRecipe) -> dict[str, object]:
    return {
        "name": outcome.name,
        "reference": recipe.reference,
        "state": outcome.result.value,
        "digest": outcome.image and outcome.image.id,
        "size": outcome.image and outcome.image.size,
        "seconds": round(outcome.seconds, 1),
        "parents": list(recipe.parents),
        "reason": outcome.reason or None,
        "log": outcome.log and str(outcome.log),
    }
