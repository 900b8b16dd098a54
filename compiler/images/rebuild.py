"""Which images a build would build again, and why."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace

from compiler.images.content import ContentChange, content, content_changes, labelled_content
from compiler.images.engines.protocol import HASH_LABEL
from compiler.images.package_pins import PackagePins
from compiler.images.recipe import ImageRecipe

NEW = "new"
FOREIGN_BUILD = "not built by heatsink"
EARLIER_BUILD = "built by an earlier heatsink"
OTHER_BUILD = "built from something else"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuild:
    """An image that would be built, and why: its changed parts, or what is known in their place."""

    recipe: ImageRecipe
    why: str = ""
    changes: tuple[ContentChange, ...] = ()

    @property
    def reasons(self) -> list[str]:
        """The reasons in words."""
        return [self.why] if self.why else [_words(change) for change in self.changes]


def rebuilds(
    recipes: Mapping[str, ImageRecipe],
    labels: Callable[[str], Mapping[str, str] | None],
    pins: PackagePins | None = None,
) -> Iterator[Rebuild]:
    """The images that a build would build, parents first.

    `labels` are those of the image that the engine has by a reference, None if it has none. `pins` are the
    versions of packages that the lock has; what is built on an image with others is built again, too.
    """
    unpinned: set[str] = set()
    for recipe in recipes.values():
        built = labels(recipe.reference)
        if built is None:
            yield Rebuild(recipe=recipe, why=NEW)
            continue
        packages = pins.changes(recipe) if pins else ()
        if built.get(HASH_LABEL) != recipe.content_hash:
            rebuild = _changed(recipe, recipes, built)
            yield replace(rebuild, changes=(*rebuild.changes, *packages))
        elif changes := (*packages, *_changed_parents(recipe, unpinned)):
            unpinned.add(recipe.name)
            yield Rebuild(recipe=recipe, changes=changes)


def _changed_parents(recipe: ImageRecipe, names: Collection[str]) -> Iterator[ContentChange]:
    for parent in recipe.parents:
        if parent in names:
            yield ContentChange(kind="parent", name=parent, change="changed")


def _changed(recipe: ImageRecipe, recipes: Mapping[str, ImageRecipe], built: Mapping[str, str]) -> Rebuild:
    if HASH_LABEL not in built:
        return Rebuild(recipe=recipe, why=FOREIGN_BUILD)
    before = labelled_content(built)
    if before is None:
        return Rebuild(recipe=recipe, why=EARLIER_BUILD)
    changes = tuple(content_changes(before, content(recipe, recipes)))
    return Rebuild(recipe=recipe, changes=changes, why="" if changes else OTHER_BUILD)


def _words(change: ContentChange) -> str:
    what = change.name if change.kind == "dockerfile" else f"{change.kind} `{change.name}`"
    return f"{what} {change.change}"
