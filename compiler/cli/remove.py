"""`heatsink remove`: hosts that are not to be served any more."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from compiler.cli.changing import Changing, changing_options
from compiler.cli.command import Command
from compiler.cli.output import note
from compiler.cli.selection import Selection, selecting, show_errors
from compiler.diagnostics import HeatsinkError, counted

if TYPE_CHECKING:
    from compiler.deploy.outcome import Outcome
    from compiler.model.fleet import FleetHost


@click.command(cls=Command)
@selecting
@changing_options
@click.option("--yes", is_flag=True, help="Do not ask.")
def remove(selection: Selection, changing: Changing, yes: bool) -> None:
    """Take everything off hosts that heatsink has put there.

    Units, containers, files and heatsink's own records are removed, and files that were taken over are given
    back. Named volumes and images stay. Hosts are chosen by `--host` or `--role`, also those that left the
    hosts file.
    """
    from compiler.deploy.bundle import forget
    from compiler.deploy.remove import remove as remove_from

    if not (selection.patterns or selection.roles):
        raise click.UsageError("choose hosts with `--host` or `--role`; `--host '*'` is all of them")
    fleet, hosts = selection.read(with_left=True)
    _ask(hosts, yes=yes)
    with selection.sessions(hosts) as sessions:
        outcomes = remove_from(sessions, changing.options(selection.build, fleet))
    left = {host.name for host in fleet.left}
    for outcome in outcomes:
        if not outcome.error:
            note(_summary(outcome))
            if outcome.host in left:
                forget(selection.build, outcome.host)
    show_errors([outcome.error for outcome in outcomes])


def _ask(hosts: Sequence[FleetHost], *, yes: bool) -> None:
    """Ask before anything is removed; without a terminal that takes `--yes`."""
    if yes:
        return
    names = ", ".join(host.name for host in hosts)
    if not sys.stdin.isatty():
        raise HeatsinkError(f"removing everything from {names} must be confirmed", hint="use `--yes`")
    click.confirm(f"Remove everything that heatsink has put on {names}?", abort=True, err=True)


def _summary(outcome: Outcome) -> str:
    files, units = counted(len(outcome.removed), "file"), counted(len(outcome.stopped), "unit")
    return f"{outcome.host}: removed, {files} deleted, {units} stopped"
