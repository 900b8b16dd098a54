"""What `heatsink images diff` prints."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from compiler.cli.image_list import broken_rows
from compiler.cli.output import Cell, note, show_table
from compiler.diagnostics import counted

if TYPE_CHECKING:
    from compiler.images.rebuild import Rebuild
    from compiler.images.recipe import Recipes


def show_rebuilds(rebuilds: Sequence[Rebuild], recipes: Recipes, *, as_json: bool) -> None:
    """Print the images that would be built with the reasons, as a table or as JSON."""
    if as_json:
        click.echo(json.dumps(list(_rows(rebuilds, recipes)), indent=2))
        return
    if rebuilds:
        cells = ((Cell(rebuild.recipe.name), Cell(", ".join(rebuild.reasons))) for rebuild in rebuilds)
        show_table(("image", "why it would be built"), cells)
    note(f"{len(rebuilds)} of {counted(len(recipes.by_name), 'image')} would be built")


def _rows(rebuilds: Sequence[Rebuild], recipes: Recipes) -> Iterator[dict[str, Any]]:
    for rebuild in rebuilds:
        yield {
            "name": rebuild.recipe.name,
            "reference": rebuild.recipe.reference,
            "reasons": rebuild.reasons,
            "changes": [asdict(change) for change in rebuild.changes],
            "errors": [],
            "broken_parent": None,
        }
    for row in broken_rows(recipes):
        kept = {key: row[key] for key in ("name", "reference", "errors", "broken_parent")}
        yield {**kept, "reasons": [], "changes": []}
