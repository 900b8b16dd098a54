"""`heatsink rollback`: back to an earlier generation."""

from __future__ import annotations

import click

from compiler.cli.changing import Changing, changing_options
from compiler.cli.command import Command, json_option
from compiler.cli.consent import ask_before, yes_option
from compiler.cli.log import keep_log
from compiler.cli.selection import Selection, selecting, show_outcomes


@click.command(cls=Command)
@selecting
@click.option(
    "--to",
    metavar="GENERATION",
    help="Return to this one, by its name in `heatsink history` or the beginning of it, or by its number.",
)
@changing_options
@yes_option
@json_option("Print the result for each host as JSON.")
def rollback(selection: Selection, changing: Changing, to: str | None, yes: bool, as_json: bool) -> None:
    """Undo the last change: its hosts get back the files, units, images and secret values from before it.

    Hosts that it has left as they were stay so, and so do those that have undone it by themselves. Run it
    again to undo the rollback. The plan is shown first, and carried out if you agree.
    """
    from compiler.deploy.rollback import roll_back

    fleet, hosts = selection.read()
    options = changing.options(selection.build, fleet)
    keep_log(options, hosts)
    with selection.sessions(hosts) as sessions:
        outcomes = roll_back(
            sessions, to, options, lambda dry_runs: ask_before("a rollback", dry_runs, yes=yes)
        )
    show_outcomes(outcomes, as_json=as_json)
