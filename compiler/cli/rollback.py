"""`heatsink rollback`: back to what was there before."""

from __future__ import annotations

import click

from compiler.cli.selection import Selection, selecting, show_outcomes


@click.command()
@selecting
@click.option("--to", type=click.IntRange(min=1), metavar="N", help="This generation, not the one before.")
@click.option(
    "--timeout", type=click.FloatRange(min=1), default=900, show_default=True, metavar="SECONDS",
    help="How long the units of one step may take to come up.",
)  # fmt: skip
@click.option("--json", "json_wanted", is_flag=True, help="Say what became of each host as JSON.")
def rollback(selection: Selection, to: int | None, timeout: float, json_wanted: bool) -> None:
    """Return hosts to the generation before: its files, units, images and values of secrets.

    After a push that failed that is the last generation that came up as a whole. Doing it twice returns.
    """
    from compiler.deploy.activation import PushOptions
    from compiler.deploy.rollback import roll_back

    fleet, hosts = selection.read()
    with selection.sessions(hosts) as sessions:
        outcomes = roll_back(sessions, to, PushOptions(steps=fleet.steps, timeout=timeout))
    show_outcomes(outcomes, json_wanted=json_wanted)
