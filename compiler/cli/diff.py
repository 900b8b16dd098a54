"""`heatsink diff`: what lies between two generations."""

from __future__ import annotations

import click

from compiler.cli.command import PlanCommand, json_option
from compiler.cli.plan_output import HostPlan, as_document, exit_with_changes, show
from compiler.cli.selection import Selection, selecting, show_errors

_OF_PLANS = ("bundle", "secrets")  # what only a plan that can be carried out has


@click.command(cls=PlanCommand)
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
@selecting
@json_option("Print the differences of each host as JSON.")
def diff(selection: Selection, before: str, after: str, as_json: bool) -> None:
    """Show the plan that leads from generation A to B, both kept on the hosts; nothing is changed.

    It has the lines that change in files, and the units that would restart; files with secrets are only
    named. A and B are names of `heatsink history` or the beginnings of them, `current`, `previous`, or
    numbers. Exit code 0: there is no difference, 2: there is one, 1: an error.
    """
    from compiler.deploy.comparison import compare

    hosts = selection.read()[1]
    with selection.sessions(hosts) as sessions:
        compared = compare(sessions, before, after)
    dry_runs = [each.dry_run for each in compared]
    plans = [HostPlan(dry_run=each.dry_run, differences=each.differences) for each in compared]
    document = {key: value for key, value in as_document(plans, "").items() if key not in _OF_PLANS}
    show(plans, {"before": before, "after": after, **document}, as_json=as_json)
    show_errors([dry_run.error for dry_run in dry_runs])
    exit_with_changes(dry_runs)
