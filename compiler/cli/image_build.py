"""The options of `heatsink images build`, and its result for programs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from compiler.cli.command import json_option
from compiler.cli.options import grouped

if TYPE_CHECKING:
    from compiler.images.build import BuildSettings
    from compiler.images.outcome import BuildOutcome
    from compiler.images.recipe import ImageRecipe


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildOptions:
    """How images are built, and what is printed at the end."""

    jobs: int
    no_cache: bool
    retries: int
    logs: Path
    as_json: bool

    def settings(self) -> BuildSettings:
        """The same for `compiler.images.build`."""
        from compiler.images.build import BuildSettings
        from compiler.images.logs import LogFolder
        from compiler.images.retries import Retries

        return BuildSettings(
            logs=LogFolder(self.logs),
            jobs=self.jobs,
            cached=not self.no_cache,
            retries=Retries(number=self.retries),
        )


def build_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of BuildOptions, as its parameter `building`."""
    options = (
        click.option(
            "--jobs", type=click.IntRange(min=1), default=2, show_default=True,
            help="Number of builds at a time.",
        ),
        click.option(
            "--no-cache", is_flag=True, help="Rebuild unchanged images too, with the latest packages."
        ),
        click.option(
            "--retries", type=click.IntRange(min=0), default=3, show_default=True,
            help="Further attempts after failures of the network.",
        ),
        click.option(
            "--logs-dir", "logs", type=click.Path(path_type=Path, file_okay=False),
            default=Path("build/image-logs"), show_default=True, help="Folder for the output of each build.",
        ),
        json_option("Print the result for each image as JSON."),
    )  # fmt: skip
    return grouped(command, "building", BuildOptions, options)


def outcomes_as_json(
    outcomes: Sequence[BuildOutcome], recipes: Mapping[str, ImageRecipe]
) -> dict[str, list[dict[str, object]]]:
    """The result for each image, sorted by name."""
    rows = [_as_json(outcome, recipes[outcome.name]) for outcome in outcomes]
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
