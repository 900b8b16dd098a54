"""Building images in dependency order, several at a time."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from enum import Enum
from graphlib import TopologicalSorter
from pathlib import Path

from compiler.diagnostics import HeatsinkError
from compiler.images.content import content_label
from compiler.images.context import write_context
from compiler.images.engines.protocol import HASH_LABEL, BuildEngine, BuildRequest
from compiler.images.recipe import ImageRecipe

_LOG_LINES = 25  # shown of a build that failed


class BuildResult(Enum):
    """The result of building one image."""

    BUILT = "built"
    UNCHANGED = "up to date"
    FAILED = "failed"
    NOT_BUILT = "not built"


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildOutcome:
    """The result for one image: the seconds it took, and the reason if it is not available."""

    name: str
    result: BuildResult
    seconds: float = 0.0
    reason: str = ""
    log: tuple[str, ...] = ()

    @property
    def available(self) -> bool:
        """Whether the engine has the image now."""
        return self.result in (BuildResult.BUILT, BuildResult.UNCHANGED)


def build(
    engine: BuildEngine,
    recipes: Mapping[str, ImageRecipe],
    *,
    jobs: int,
    cached: bool,
    started: Callable[[str], None],
) -> Iterator[BuildOutcome]:
    """Build all recipes, at most `jobs` at a time, and yield the outcome of each as soon as it ends.

    With `cached`, an image that the engine has with the same content hash is not built again. If one fails,
    images built on it are skipped and the others go on. `started` is called with the name of each image that
    is really built, in a builder's thread.
    """
    with tempfile.TemporaryDirectory(prefix="heatsink-") as scratch:

        def work(name: str) -> BuildOutcome:
            recipe = recipes[name]
            if cached and engine.content_hash(recipe.reference) == recipe.content_hash:
                return BuildOutcome(name=name, result=BuildResult.UNCHANGED)
            started(name)
            labels = {HASH_LABEL: recipe.content_hash, **content_label(recipe, recipes)}
            request = BuildRequest(
                reference=recipe.reference, labels=tuple(sorted(labels.items())), cached=cached
            )
            return _build_one(engine, recipe, request, Path(scratch))

        yield from run_graph({name: recipe.parents for name, recipe in recipes.items()}, work, jobs=jobs)


def run_graph(
    graph: Mapping[str, Sequence[str]], work: Callable[[str], BuildOutcome], *, jobs: int
) -> Iterator[BuildOutcome]:
    """Do the work of each name after that of its parents, at most `jobs` at a time.

    The work of a name is skipped if the image of a parent is not available.
    """
    order = TopologicalSorter(graph)
    order.prepare()
    outcomes: dict[str, BuildOutcome] = {}
    running: set[Future[BuildOutcome]] = set()
    pool = ThreadPoolExecutor(jobs)
    try:
        while order.is_active():
            ended = []
            for name in sorted(order.get_ready()):
                missing = [outcomes[parent] for parent in graph[name] if not outcomes[parent].available]
                if missing:
                    ended.append(_not_built(name, missing[0]))
                else:
                    running.add(pool.submit(work, name))
            if not ended:
                done, running = wait(running, return_when=FIRST_COMPLETED)
                ended = [future.result() for future in done]
            for outcome in ended:
                outcomes[outcome.name] = outcome
                order.done(outcome.name)
                yield outcome
    finally:
        # After Ctrl-C do not wait for builds, which take minutes: they end with the engine.
        pool.shutdown(wait=False, cancel_futures=True)


def _not_built(name: str, parent: BuildOutcome) -> BuildOutcome:
    verb = "failed" if parent.result is BuildResult.FAILED else "was not built"
    return BuildOutcome(name=name, result=BuildResult.NOT_BUILT, reason=f"parent `{parent.name}` {verb}")


def _build_one(
    engine: BuildEngine, recipe: ImageRecipe, request: BuildRequest, scratch: Path
) -> BuildOutcome:
    began = time.monotonic()
    printed: list[str] = []
    try:
        with tempfile.TemporaryFile(dir=scratch) as archive:
            write_context(recipe, archive, scratch)
            archive.seek(0)
            engine.build(archive, request, printed.append)
    except HeatsinkError as error:
        log = tuple("".join(printed).splitlines()[-_LOG_LINES:])
        return BuildOutcome(name=recipe.name, result=BuildResult.FAILED, reason=str(error), log=log)
    return BuildOutcome(name=recipe.name, result=BuildResult.BUILT, seconds=time.monotonic() - began)
