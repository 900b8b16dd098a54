"""What `heatsink images build` shows: on a terminal a table, elsewhere a line for each event.

image      state            time       size
base       built            31 s   142.4 MB
memcached  building 2/4      9 s
1 of 3 images, 1 in work
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import click

from compiler.cli.output import note
from compiler.cli.progress import is_live, live_shown

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.text import Text

    from compiler.images.outcome import BuildOutcome

_LINES = 25  # of the log of an image that failed
_STATE, _TIME, _SIZE = 14, 7, 9  # characters of the columns
_STYLES = {"built": "green", "up to date": "dim", "kept": "dim", "failed": "bold red", "not built": "red"}


class BuildShown(Protocol):
    """Shows what happens while images are built (compiler.images.outcome.BuildObserver), and the results."""

    def started(self, name: str) -> None:
        """An image is really built."""

    def step(self, name: str, step: str) -> None:
        """A step of the Dockerfile has begun."""

    def waiting(self, name: str, failure: str) -> None:
        """The network has failed."""

    def ended(self, outcome: BuildOutcome) -> None:
        """An image is built, or is not."""


@contextmanager
def build_shown(names: Collection[str]) -> Iterator[BuildShown]:
    """Show how the named images are built, as long as the body runs."""
    if not is_live():
        yield BuildLines()
        return
    from rich.console import Console

    table = BuildTable(names, Console(stderr=True))
    with live_shown(table.work, table.console):
        table.head()
        yield table


class BuildLines:
    """A line when an image is begun, and one when it has ended."""

    def started(self, name: str) -> None:
        note(f"building {name}")

    def step(self, name: str, step: str) -> None:
        """Steps are in the log."""

    def waiting(self, name: str, failure: str) -> None:
        note(f"{name}: {failure}")

    def ended(self, outcome: BuildOutcome) -> None:
        for line in _end_of_log(outcome):
            click.echo(line, err=True)
        size = f", {_size(outcome)}" if outcome.seconds and outcome.image else ""
        took = f" ({_seconds(outcome.seconds)}{size})" if outcome.seconds else ""
        reason = f": {outcome.reason}" if outcome.reason else ""
        click.echo(f"{outcome.name} {outcome.result.value}{took}{reason}", err=True)


@dataclass(slots=True)
class BuildTable:
    """A row for each image that has ended, and below these rows for those in work."""

    names: Collection[str]
    console: Console
    doing: dict[str, tuple[float, str]] = field(default_factory=dict)
    """Name → when it was begun, and what it does."""
    number: int = 0

    def head(self) -> None:
        """Print the names of the columns."""
        self._print(self._row("image", "state", "time", "size", style="bold"))

    def work(self) -> RenderableType:
        """The rows of the images that are not ended."""
        from rich.console import Group

        now = time.monotonic()
        rows = [
            self._row(name, state, _seconds(now - began)) for name, (began, state) in list(self.doing.items())
        ]
        return Group(*rows, f"{self.number} of {len(self.names)} images, {len(rows)} in work")

    def started(self, name: str) -> None:
        self.doing[name] = (time.monotonic(), "building")

    def step(self, name: str, step: str) -> None:
        self.doing[name] = (self.doing[name][0], f"building {step}")

    def waiting(self, name: str, failure: str) -> None:
        self.doing[name] = (self.doing[name][0], "waiting")
        self.console.print(f"{name}: {failure}", style="yellow", markup=False, highlight=False)

    def ended(self, outcome: BuildOutcome) -> None:
        self.doing.pop(outcome.name, None)
        self.number += 1
        for line in _end_of_log(outcome):
            self.console.print(line, markup=False, highlight=False, soft_wrap=True)
        state, took = outcome.result.value, _seconds(outcome.seconds) if outcome.seconds else ""
        reason = "" if outcome.log else outcome.reason  # which is the end of the log
        self._print(self._row(outcome.name, state, took, _size(outcome), reason, style=_STYLES[state]))

    def _print(self, row: Text) -> None:
        self.console.print(row, no_wrap=True, overflow="ellipsis")

    def _row(self, *cells: str, style: str = "") -> Text:
        from rich.text import Text

        name, state, took, size, reason = (*cells, "", "")[:5]
        width = max(map(len, self.names), default=0)
        row = Text(no_wrap=True, overflow="ellipsis")
        row.append(f"{name:{max(width, len('image'))}}  ")
        row.append(f"{state:{_STATE}}", style)
        return row.append(f"{took:>{_TIME}}  {size:>{_SIZE}}  {reason}".rstrip())


def _seconds(seconds: float) -> str:
    return f"{seconds:.0f} s"


def _size(outcome: BuildOutcome) -> str:
    return f"{max(outcome.image.size / 1e6, 0.1):.1f} MB" if outcome.image else ""


def _end_of_log(outcome: BuildOutcome) -> Iterator[str]:
    from compiler.images.logs import last_lines

    if outcome.log and not outcome.available:
        yield from (f"  {outcome.name} | {line}" for line in last_lines(outcome.log, _LINES))
        yield f"  log: {outcome.log}"
