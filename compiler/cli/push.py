"""`heatsink push-artifacts`: build/ to running units."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from compiler.cli.selection import Selection, as_json, say_errors, say_outcomes, selecting

if TYPE_CHECKING:
    from compiler.deploy.bundle import BundleFolder
    from compiler.deploy.push import Outcome


@click.command("push-artifacts")
@selecting
@click.option(
    "--secrets", "secrets_file", type=click.Path(path_type=Path),
    default=Path("secrets.yaml"), show_default=True,
    help="Values of secrets; what is missing is generated.",
)  # fmt: skip
@click.option(
    "--timeout", type=click.FloatRange(min=1), default=900, show_default=True, metavar="SECONDS",
    help="How long the units of one step may take to come up.",
)  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")
@click.option("--json", "json_wanted", is_flag=True, help="Say what became of each host as JSON.")
def push_artifacts(
    selection: Selection, secrets_file: Path, timeout: float, dry_run: bool, json_wanted: bool
) -> None:
    """Carry the bundle to the hosts and switch it on.

    Only what a host lacks travels, and only units that changed or are not up are started, step by step on
    all hosts together. A host that fails is left out and the others finish; pushing again goes on from where
    it stopped.
    """
    from compiler.deploy.bundle import bundle_folder
    from compiler.deploy.push import PushOptions, push

    fleet, hosts = selection.read()
    bundles = {host.name: bundle_folder(selection.build, host) for host in hosts}
    secrets = _secrets(bundles.values(), secrets_file, saved=not dry_run)
    with selection.sessions(hosts) as sessions:
        outcomes = push(
            sessions, bundles, secrets, PushOptions(steps=fleet.steps, timeout=timeout, dry=dry_run)
        )
    if json_wanted:
        click.echo(json.dumps([as_json(outcome) for outcome in outcomes], indent=1))
    elif dry_run:
        _say_plans(outcomes)
    else:
        say_outcomes(outcomes)
    say_errors(outcomes)


def _secrets(bundles: Iterable[BundleFolder], path: Path, *, saved: bool) -> dict[str, str]:
    """The values that the bundles need; those that are missing are made, and written down if `saved`."""
    from compiler.files.secrets import add_secrets, generated, read_secrets

    known = read_secrets(path)
    made = generated({name for bundle in bundles for name in bundle.secrets} - known.keys())
    if made and saved:
        add_secrets(path, made)
        click.echo(f"generated in {path}: {', '.join(made)}", err=True)
    return known | made


def _say_plans(outcomes: Iterable[Outcome]) -> None:
    for outcome in outcomes:
        if outcome.error:
            continue
        click.echo(f"{outcome.host}: {'unchanged' if outcome.is_unchanged else ''}".rstrip())
        for verb in ("written", "removed", "stopped", "started"):
            for item in getattr(outcome, verb):
                click.echo(f"  would be {verb}: {item}")
