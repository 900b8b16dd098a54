"""Building images in dependency order, several at a time."""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import IO

from compiler.diagnostics import HeatsinkError
from compiler.diagnostics import reason as cause
from compiler.images.content import content_label
from compiler.images.context import write_context
from compiler.images.engines.protocol import (
    HASH_LABEL,
    BuildEngine,
    BuildFailedError,
    BuildRequest,
    EngineImage,
)
from compiler.images.logs import LogFolder
from compiler.images.outcome import BuildObserver, BuildOutcome, BuildResult
from compiler.images.recipe import ImageRecipe
from compiler.images.retries import Retries, transient
from compiler.images.schedule import run_graph

_STEP = re.compile(r"^(?:\[\d+/\d+\] )?step (\d+/\d+) ?:", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildSettings:
    """How images are built."""

    logs: LogFolder
    jobs: int = 2
    cached: bool = True
    """Whether an image that the engine has with the same content hash is not built again."""
    retries: Retries = field(default_factory=Retries)


def build(
    engine: BuildEngine, recipes: Mapping[str, ImageRecipe], settings: BuildSettings, observer: BuildObserver
) -> Iterator[BuildOutcome]:
    """Build all recipes and yield the outcome of each as soon as it ends.

    If one fails, images built on it are skipped and the others go on.
    """
    settings.logs.create()
    with tempfile.TemporaryDirectory(prefix="heatsink-") as scratch:
        builder = _ImageBuilder(engine, recipes, settings, observer, Path(scratch))
        graph = {name: recipe.parents for name, recipe in recipes.items()}
        try:
            yield from run_graph(graph, builder.outcome, jobs=settings.jobs)
        finally:
            builder.stopped.set()


@dataclass(frozen=True, slots=True)
class _ImageBuilder:
    """Builds images one by one, in several threads."""

    engine: BuildEngine
    recipes: Mapping[str, ImageRecipe]
    settings: BuildSettings
    observer: BuildObserver
    scratch: Path
    stopped: Event = field(default_factory=Event)
    """Set when the outcomes are not wanted any more."""

    def outcome(self, name: str) -> BuildOutcome:
        """Build an image unless it is up to date."""
        recipe = self.recipes[name]
        image = self.engine.image(recipe.reference)
        if image and self.settings.cached and image.content_hash == recipe.content_hash:
            self.settings.logs.succeeded(name)
            return BuildOutcome(name=name, result=BuildResult.UNCHANGED, image=image)
        self.observer.started(name)
        return self._built(recipe)

    def _built(self, recipe: ImageRecipe) -> BuildOutcome:
        began = time.monotonic()
        logs, name = self.settings.logs, recipe.name
        try:
            with logs.writing(name) as write:
                image = self._with_retries(recipe, write)
        except HeatsinkError as error:
            logs.failed(name)
            result, image, reason = BuildResult.FAILED, None, str(error).partition("\n")[0]
        else:
            logs.succeeded(name)
            result, reason = BuildResult.BUILT, ""
        return BuildOutcome(
            name=name,
            result=result,
            seconds=time.monotonic() - began,
            reason=reason,
            image=image,
            log=logs.path(name),
        )

    def _with_retries(self, recipe: ImageRecipe, write: Callable[[str], None]) -> EngineImage | None:
        """Build an image, after failures of the network more than once."""
        attempt = 1
        while True:
            printed: list[str] = []
            try:
                return self._build(recipe, _both(write, printed.append))
            except HeatsinkError:
                if not self._waited(recipe.name, attempt, "".join(printed), write):
                    raise
            attempt += 1

    def _waited(self, name: str, attempt: int, printed: str, write: Callable[[str], None]) -> bool:
        """Whether another attempt may succeed, after having waited for it."""
        retries = self.settings.retries
        failure, seconds = transient(printed), retries.wait(attempt)
        if failure is None or seconds is None:
            return False
        text = f"{failure}: attempt {attempt + 1} of {retries.number + 1} in {seconds:g} s"
        write(f"{text}\n")
        self.observer.waiting(name, text)
        return not self.stopped.wait(seconds)

    def _build(self, recipe: ImageRecipe, write: Callable[[str], None]) -> EngineImage | None:
        """Build an image, with all that the engine prints, or else the error, in its log."""

        def output(text: str) -> None:
            write(text)
            if step := _STEP.search(text):
                self.observer.step(recipe.name, step[1])

        try:
            with self._context(recipe) as archive:
                self.engine.build(archive, self._request(recipe), output)
            return self.engine.image(recipe.reference)
        except HeatsinkError as error:
            if not isinstance(error, BuildFailedError):
                write(f"{error.render()}\n")
            raise

    @contextmanager
    def _context(self, recipe: ImageRecipe) -> Iterator[IO[bytes]]:
        with tempfile.TemporaryFile(dir=self.scratch) as archive:
            try:
                write_context(recipe, archive, self.scratch)
            except OSError as error:
                raise HeatsinkError(f"`{error.filename}` cannot be read: {cause(error)}") from None
            archive.seek(0)
            yield archive

    def _request(self, recipe: ImageRecipe) -> BuildRequest:
        labels = {HASH_LABEL: recipe.content_hash, **content_label(recipe, self.recipes)}
        return BuildRequest(
            reference=recipe.reference,
            labels=tuple(sorted(labels.items())),
            cached=self.settings.cached,
        )


def _both(first: Callable[[str], object], second: Callable[[str], object]) -> Callable[[str], None]:
    def write(text: str) -> None:
        first(text)
        second(text)

    return write
