"""`heatsink push-artifacts`: from a build folder to running units."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from compiler.cli.changing import Changing, changing_options
from compiler.cli.command import Command, json_option
from compiler.cli.options import secrets_option
from compiler.cli.output import problems_as_json
from compiler.cli.secret_values import SecretsNeeded, new_secrets_option
from compiler.cli.selection import Selection, selecting, show_errors, show_left, show_outcomes
from compiler.files.secrets import SecretsFile

if TYPE_CHECKING:
    from compiler.deploy.events import PlannedUnit
    from compiler.deploy.outcome import DryRun


@click.command("push-artifacts", cls=Command)
@selecting
@secrets_option("Secrets file; missing values are generated, unless a host has them.")
@new_secrets_option()
@changing_options
@click.option(
    "--take-over", "taken_over", metavar="PROJECT", default="",
    help="Push to hosts that belong to this other project; they belong to yours then.",
)  # fmt: skip
@click.option("--dry-run", "dry", is_flag=True, help="Show what would change, without changing anything.")
@json_option("Print the result for each host as JSON.")
def push_artifacts(
    selection: Selection, changing: Changing, file: SecretsFile, new_secrets: tuple[str, ...],
    taken_over: str, dry: bool, as_json: bool,
) -> None:  # fmt: skip
    """Copy the bundle to the hosts and activate it.

    Only files that a host lacks are sent, and only units that changed or are not up are started, step by
    step on all hosts together. A host that fails is left out while the others finish; pushing again resumes
    where it stopped.
    """
    from compiler.deploy.push import dry_run, push

    fleet, hosts = selection.read()
    if not as_json:
        show_left(fleet)
    needed = SecretsNeeded(selection=selection, fleet=fleet, file=file, forced=new_secrets)
    bundles, secrets = needed.bundles(hosts), needed.values(hosts, saved=not dry)
    options = changing.options(selection.build, fleet, taken_over=taken_over)
    with selection.sessions(hosts) as sessions:
        if dry:
            dry_runs = dry_run(sessions, bundles, secrets, options)
        else:
            outcomes = push(sessions, bundles, secrets, options)
    if dry:
        _show_dry_runs(dry_runs, as_json=as_json)
    else:
        show_outcomes(outcomes, as_json=as_json)


def _show_dry_runs(dry_runs: Sequence[DryRun], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps([_as_json(dry_run) for dry_run in dry_runs], indent=1))
    else:
        for line in (line for dry_run in dry_runs if not dry_run.error for line in dry_run_lines(dry_run)):
            click.echo(line)
    show_errors([dry_run.error for dry_run in dry_runs])


def dry_run_lines(dry_run: DryRun) -> Iterator[str]:
    """What a push would do to one host."""
    plan = dry_run.plan
    yield f"{dry_run.host}: {'unchanged' if plan.is_empty else ''}".rstrip()
    yield from (f"  would be written: {path}" for path in plan.writes)
    yield from (f"  would be removed: {path}" for path in plan.removals)
    yield from (f"  would be {_DONE[unit.action]}: {unit.unit} ({_reason(unit)})" for unit in plan.units)


_DONE = {"stop": "stopped", "start": "started", "restart": "restarted", "run": "run"}


def _reason(unit: PlannedUnit) -> str:
    step = "" if unit.step is None else f"step {unit.step}, "
    return f"{step}stops with {unit.stops_with}" if unit.stops_with else f"{step}{unit.why}"


def _as_json(dry_run: DryRun) -> dict[str, object]:
    return {
        "host": dry_run.host,
        "generation": dry_run.generation or None,
        "written": dry_run.plan.writes,
        "removed": dry_run.plan.removals,
        "stopped": dry_run.plan.stops,
        "started": dry_run.plan.starts,
        "units": [asdict(unit) for unit in dry_run.plan.units],
        "warnings": dry_run.warnings,
        "errors": problems_as_json(dry_run.error.problems if dry_run.error else ()),
    }
