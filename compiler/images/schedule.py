"""The order in which images are built, several at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from graphlib import TopologicalSorter

from compiler.images.outcome import BuildOutcome, BuildResult


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
