"""What is computed once: the results of each stack, with what they read, and what has none for a mistake."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from compiler.diagnostics import CompileError, Problem
from compiler.hot.reads import Reads, Recorder
from compiler.meter import Meter
from compiler.node import Node
from compiler.node.conversion import Conversion

T = TypeVar("T")


class Memo:
    """The results of one stack; its recorder, conversion and meter serve all stacks of an evaluation."""

    __slots__ = ("_mistakes", "_results", "_running", "conversion", "meter", "recorder", "resource")

    def __init__(self, resource: tuple[str, ...] = (), outer: Memo | None = None) -> None:
        self.resource = resource  # the resource of the parent that the stack belongs to; () for a root
        self.recorder: Recorder = Recorder() if outer is None else outer.recorder
        self.conversion: Conversion = Conversion() if outer is None else outer.conversion
        self.meter: Meter = Meter() if outer is None else outer.meter
        self._running: list[tuple[Memo, str, str]] = [] if outer is None else outer._running
        self._results: dict[tuple[str, str], tuple[object, Reads]] = {}
        self._mistakes: dict[tuple[str, str], tuple[Problem, ...]] = {}

    def inner(self, resource: tuple[str, ...] = ()) -> Memo:
        """A memo for another stack of the same evaluation."""
        return Memo(resource, self)

    def once(self, kind: str, name: str, place: Node, compute: Callable[[], T]) -> T:
        """The result of `compute`, kept under its kind and name. A result that needs itself is an error.

        A CompileError is kept as well, so that all who need the result raise one and the same.
        """
        key = (kind, name)
        if key in self._results:
            value, reads = self._results[key]
            self.recorder.current.add(reads)
            return value  # type: ignore[return-value] # what was kept under a key is what compute gave
        if key in self._mistakes:
            raise CompileError.of(self._mistakes[key])
        running = (self, kind, name)
        if running in self._running:
            raise self._circular([*self._running[self._running.index(running) :], running], place)
        self._running.append(running)
        try:
            with self.recorder.recording() as reads:
                computed = compute()
        except (CompileError, RecursionError) as error:
            mistake = error if isinstance(error, CompileError) else _too_deep(kind, name, place)
            self.refuse(kind, name, mistake.problems)
            raise mistake from None
        finally:
            self._running.pop()
        self._results[key] = (computed, reads)
        return computed

    def refuse(self, kind: str, name: str, problems: tuple[Problem, ...]) -> None:
        """Raise these problems from now on, whatever the result was."""
        self._results.pop((kind, name), None)
        self._mistakes[kind, name] = problems

    @staticmethod
    def _circular(circle: list[tuple[Memo, str, str]], place: Node) -> CompileError:
        path = " -> ".join(".".join((*memo.resource, name)) for memo, _, name in circle)
        kinds = {kind for _, kind, _ in circle}
        return CompileError(
            f"circular reference between {kinds.pop() if len(kinds) == 1 else 'value'}s: {path}", place.span
        )


def _too_deep(kind: str, name: str, place: Node) -> CompileError:
    return CompileError(f"{kind} `{name}` is nested too deeply", place.span, "reduce the nesting")
