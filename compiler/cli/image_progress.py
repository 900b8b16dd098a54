"""What `heatsink images build` shows while it builds, and of what has failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from compiler.cli.output import note

if TYPE_CHECKING:
    from compiler.images.outcome import BuildOutcome

_LINES = 25  # of the log of an image that failed


class BuildLines:
    """A line when an image is begun, and one when it has ended."""

    def started(self, name: str) -> None:
        """An image is really built."""
        note(f"building {name}")

    def step(self, name: str, step: str) -> None:
        """Steps are in the log."""

    def waiting(self, name: str, failure: str) -> None:
        """The network has failed."""
        note(f"{name}: {failure}")

    def ended(self, outcome: BuildOutcome) -> None:
        """Print the result, with the last lines of the log if the build failed."""
        time = f" ({outcome.seconds:.0f} s)" if outcome.image and outcome.seconds else ""
        reason = f": {outcome.reason}" if outcome.reason else ""
        _show_log(outcome)
        click.echo(f"{outcome.name} {outcome.result.value}{time}{reason}", err=True)


def _show_log(outcome: BuildOutcome) -> None:
    from compiler.images.logs import last_lines

    if outcome.log and not outcome.available:
        for line in last_lines(outcome.log, _LINES):
            click.echo(f"  {outcome.name} | {line}", err=True)
        click.echo(f"  log: {outcome.log}", err=True)
