"""Building images in dependency order, several at a time."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from compiler.images.builder import BuildSettings, ImageBuilder
from compiler.images.engines.protocol import BuildEngine
from compiler.images.outcome import BuildObserver, BuildOutcome
from compiler.images.package_pins import package_pins
from compiler.images.recipe import ImageRecipe
from compiler.images.schedule import run_graph


def build(
    engine: BuildEngine, recipes: Mapping[str, ImageRecipe], settings: BuildSettings, observer: BuildObserver
) -> Iterator[BuildOutcome]:
    """Build all recipes and yield the outcome of each as soon as it ends.

    If one fails, images built on it are skipped and the others go on.
    """
    settings.logs.create()
    with tempfile.TemporaryDirectory(prefix="heatsink-") as scratch:
        pins = package_pins(engine, recipes, settings.pins, settings.package_cache, settings.bases)
        builder = ImageBuilder(engine, recipes, settings, observer, Path(scratch), pins)
        graph = {name: recipe.parents for name, recipe in recipes.items()}
        try:
            yield from run_graph(graph, builder.outcome, jobs=settings.jobs)
        finally:
            builder.stopped.set()
