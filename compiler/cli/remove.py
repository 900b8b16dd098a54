"""`heatsink remove`: hosts that are not to be served any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from compiler.cli.changing import Changing, changing_options
from compiler.cli.command import Command
from compiler.cli.consent import ask_before, yes_option
from compiler.cli.log import keep_log
from compiler.cli.output import note
from compiler.cli.selection import Selection, selecting, show_errors
from compiler.diagnostics import counted

if TYPE_CHECKING:
    from compiler.deploy.outcome import Outcome


@click.command(cls=Command)
@selecting
@changing_options
@yes_option
def remove(selection: Selection, changing: Changing, yes: bool) -> None:
    """Take everything off hosts that heatsink has put there.

    Units, containers, files and heatsink's own records are removed, and files that were taken over are given
    back. Named volumes and images stay. The plan is shown first, and carried out if you agree. Hosts are
    chosen by `--host` or `--role`, also those that left the hosts file.
    """
    from compiler.deploy.bundle import forget
    from compiler.deploy.rollback import remove as remove_from

    if not (selection.patterns or selection.roles):
        raise click.UsageError("choose hosts with `--host` or `--role`; `--host '*'` is all of them")
    fleet, hosts = selection.read(with_left=True)
    options = changing.options(selection.build, fleet)
    keep_log(options, hosts)
    with selection.sessions(hosts) as sessions:
        outcomes = remove_from(sessions, options, lambda dry_runs: ask_before("a removal", dry_runs, yes=yes))
    left = {host.name for host in fleet.left}
    for outcome in outcomes:
        if not outcome.error:
            note(_summary(outcome))
            if outcome.host in left:
                forget(selection.build, outcome.host)
    show_errors([outcome.error for outcome in outcomes])


def _summary(outcome: Outcome) -> str:
    files, units = counted(len(outcome.removed), "file"), counted(len(outcome.stopped), "unit")
    return f"{outcome.host}: removed, {files} deleted, {units} stopped"
