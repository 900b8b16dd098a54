"""`heatsink remove` and `heatsink destroy`: hosts, or a whole fleet, that are not to be served any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from compiler.cli.changing import Changing, changing_options
from compiler.cli.command import Command
from compiler.cli.consent import ask_before, yes_option
from compiler.cli.log import keep_log
from compiler.cli.output import note, show_problems
from compiler.cli.selection import Selection, selecting, show_errors
from compiler.diagnostics import Problem, counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from compiler.deploy.outcome import DryRun, Outcome
    from compiler.model.fleet import Fleet


@click.command(cls=Command)
@selecting
@changing_options
@yes_option
def remove(selection: Selection, changing: Changing, yes: bool) -> None:
    """Take everything off hosts that heatsink has put there.

    Units, containers, files, images that heatsink has pulled and its own records are removed, and files that
    were taken over are given back. Named volumes stay. The plan is shown first, and carried out if you agree.
    Hosts are chosen by `--host` or `--role`, also those that left the hosts file.
    """
    if not (selection.patterns or selection.roles):
        raise click.UsageError("choose hosts with `--host` or `--role`; `destroy` is for all of them")
    _remove(selection, changing, "a removal", yes=yes)


@click.command(cls=Command)
@selecting
@changing_options
@click.option(
    "--volumes", is_flag=True,
    help="Destroy the named volumes that heatsink has made, too, with what is in them.",
)  # fmt: skip
@yes_option
def destroy(selection: Selection, changing: Changing, volumes: bool, yes: bool) -> None:
    """Take everything off all hosts that heatsink has put there, as `remove` does.

    All are the hosts of the fleet and those that left the hosts file. With `--volumes` these are listed,
    and you have to enter the project's name, or `destroy` if it has none. If it is interrupted, run it again.
    """
    _remove(selection, changing, "a destruction", yes=yes, volumes=volumes)


def _remove(selection: Selection, changing: Changing, what: str, *, yes: bool, volumes: bool = False) -> None:
    from compiler.deploy.rollback import remove as remove_from

    fleet, hosts = selection.read(with_left=True)
    options = changing.options(selection.build, fleet)
    keep_log(options, hosts)

    def consent(dry_runs: Sequence[DryRun]) -> None:
        ask_before(what, dry_runs, yes=yes, word=fleet.project or "destroy")

    with selection.sessions(hosts) as sessions:
        outcomes = remove_from(sessions, options, consent, volumes=volumes)
    for outcome in outcomes:
        if not outcome.error:
            _end(outcome, selection, fleet)
    show_errors([outcome.error for outcome in outcomes])


def _end(outcome: Outcome, selection: Selection, fleet: Fleet) -> None:
    """Report what was removed from a host, and forget the host if it has left the hosts file."""
    from compiler.deploy.bundle import forget

    for warning in outcome.warnings:
        show_problems((Problem(f"{outcome.host}: {warning}"),), "warning")
    note(_summary(outcome))
    if outcome.host in {host.name for host in fleet.left}:
        forget(selection.build, outcome.host)


def _summary(outcome: Outcome) -> str:
    files, units = counted(len(outcome.removed), "file"), counted(len(outcome.stopped), "unit")
    volumes = [f"{counted(len(outcome.destroyed), 'volume')} destroyed"] if outcome.destroyed else []
    return ", ".join((f"{outcome.host}: removed", f"{files} deleted", f"{units} stopped", *volumes))
