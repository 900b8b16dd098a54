"""What `heatsink images list` prints."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from compiler.cli.output import Cell, problems_as_json, show_table
from compiler.images.selection import image_name

if TYPE_CHECKING:
    from compiler.images.recipe import ImageRecipe, Recipes


def image_rows(
    recipes: Recipes, built_hash: Callable[[str], str | None], foreign: Iterable[str] = ()
) -> list[dict[str, Any]]:
    """A row for each image, broken ones and foreign references last.

    `built_hash` is the hash that the engine has of a reference.
    """
    return [
        *(_row(recipe, built_hash(recipe.reference)) for recipe in recipes.by_name.values()),
        *broken_rows(recipes),
        *map(_foreign_row, sorted(foreign)),
    ]


def broken_rows(recipes: Recipes) -> list[dict[str, Any]]:
    """A row for each broken image, and for each that is built on one."""
    return [
        *(
            _broken_row(name, recipes, errors=problems_as_json(recipes.broken[name].problems))
            for name in sorted(recipes.broken)
        ),
        *(
            _broken_row(name, recipes, broken_parent=recipes.blocked[name])
            for name in sorted(recipes.blocked)
        ),
    ]


def show_images(rows: Sequence[dict[str, Any]]) -> None:
    """Print rows as a table."""
    show_table(("image", "built on", "hash", "built"), ([Cell(text) for text in _cells(row)] for row in rows))


def _row(recipe: ImageRecipe, built: str | None) -> dict[str, Any]:
    return {
        "name": recipe.name,
        "parents": list(recipe.parents),
        "reference": recipe.reference,
        "hash": recipe.content_hash,
        "sources": {source.source.name: source.content for source in recipe.sources},
        "built": built == recipe.content_hash,
        "foreign": False,
        "errors": [],
        "broken_parent": None,
    }


def _broken_row(
    name: str, recipes: Recipes, *, errors: Sequence[object] = (), broken_parent: str | None = None
) -> dict[str, Any]:
    return {
        "name": name,
        "parents": list(recipes.parents.get(name, ())),
        "reference": None,
        "hash": None,
        "sources": {},
        "built": False,
        "foreign": False,
        "errors": list(errors),
        "broken_parent": broken_parent,
    }


def _foreign_row(reference: str) -> dict[str, Any]:
    return {
        "name": image_name(reference),
        "parents": [],
        "reference": reference,
        "hash": None,
        "built": False,
        "foreign": True,
        "errors": [],
        "broken_parent": None,
    }


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    name = row["reference"] if row["foreign"] else row["name"]
    return name, ", ".join(row["parents"]), (row["hash"] or "")[:12], _state(row)


def _state(row: dict[str, Any]) -> str:
    if row["foreign"]:
        return "foreign"
    if row["errors"]:
        return "broken"
    if row["broken_parent"]:
        return f"no: `{row['broken_parent']}` is broken"
    return "yes" if row["built"] else "no"
