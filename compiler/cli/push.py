"""`heatsink push-artifacts`: from a build folder to running units."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from compiler.cli.changing import Changing, changing_options
from compiler.cli.command import Command, json_option
from compiler.cli.output import note, problems_as_json, show_problems
from compiler.cli.selection import Selection, selecting, show_errors, show_left, show_outcomes
from compiler.diagnostics import Problem, closest
from compiler.files.secrets import NAME as SECRETS_FILE

if TYPE_CHECKING:
    from compiler.deploy.bundle import BundleFolder
    from compiler.deploy.events import PlannedUnit
    from compiler.deploy.outcome import DryRun


@click.command("push-artifacts", cls=Command)
@selecting
@click.option(
    "--secrets", "secrets_file", type=click.Path(path_type=Path),
    default=Path(SECRETS_FILE), show_default=True,
    help="Secrets file; missing values are generated.",
)  # fmt: skip
@changing_options
@click.option(
    "--take-over", "taken_over", metavar="PROJECT", default="",
    help="Push to hosts that belong to this other project; they belong to yours then.",
)  # fmt: skip
@click.option("--dry-run", "dry", is_flag=True, help="Show what would change, without changing anything.")
@json_option("Print the result for each host as JSON.")
def push_artifacts(
    selection: Selection, changing: Changing, secrets_file: Path, taken_over: str, dry: bool, as_json: bool
) -> None:
    """Copy the bundle to the hosts and activate it.

    Only files that a host lacks are sent, and only units that changed or are not up are started, step by
    step on all hosts together. A host that fails is left out while the others finish; pushing again resumes
    where it stopped.
    """
    from compiler.deploy.bundle import bundle_folder
    from compiler.deploy.push import dry_run, push

    fleet, hosts = selection.read()
    bundles = {host.name: bundle_folder(selection.build, host) for host in hosts}
    others = [bundle_folder(selection.build, host) for host in fleet.hosts if host not in hosts]
    if not as_json:
        show_left(fleet)
    secrets = _secrets(tuple(bundles.values()), others, secrets_file, saved=not dry)
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


def _secrets(
    bundles: Sequence[BundleFolder], others: Sequence[BundleFolder], path: Path, *, saved: bool
) -> dict[str, str]:
    """The values that the bundles need; missing ones are generated, and added to the file if `saved`.

    Raises HeatsinkError for values that their files cannot hold.
    """
    from compiler.deploy.bundle import check_values
    from compiler.files.secrets import add_secrets, new_values, read_secrets

    values = read_secrets(path)
    needed = {name for bundle in bundles for name in bundle.secrets}
    new = new_values(needed - values.keys())
    show_problems(_misspelt(values.keys() - needed, new, others, path), "warning")
    check_values(bundles, values | new)
    if new and saved:
        add_secrets(path, new)
        note(f"generated in {path}: {', '.join(new)}")
    return values | new


def _misspelt(
    unused: Set[str], new: Iterable[str], others: Sequence[BundleFolder], path: Path
) -> Iterator[Problem]:
    """Names in the secrets file that no host uses, where a similar one is missing."""
    similar = {name: hint for name in sorted(unused) if (hint := closest(name, new))}
    used = {name for bundle in others for name in bundle.secrets} if similar else set()
    for name, hint in similar.items():
        if name not in used:
            yield Problem(f"no host uses `{name}` of `{path}`", hint=hint)


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
