"""`heatsink plan`: what a push would change."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from compiler.cli.command import PlanCommand, json_option
from compiler.cli.options import lookaside_option, secrets_option
from compiler.cli.push import PushInputs, show_plan, take_over_option, verify_option
from compiler.cli.secret_values import new_secrets_option
from compiler.cli.selection import Selection, selecting
from compiler.cli.signature_policy import check_signatures

if TYPE_CHECKING:
    from compiler.files.secrets import SecretsFile


@click.command(cls=PlanCommand)
@selecting
@secrets_option("Secrets file; missing values would be generated, unless a host has them.")
@new_secrets_option()
@take_over_option
@verify_option
@lookaside_option
@click.option("--diff", is_flag=True, help="Show the lines that change in files without secrets.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
    help="Save the plan as JSON; `push-artifacts --plan FILE` carries it out.",
)  # fmt: skip
@json_option("Print the plan as JSON.")
def plan(
    selection: Selection,
    file: SecretsFile,
    new_secrets: tuple[str, ...],
    taken_over: str,
    verify: bool,
    lookaside: Path,
    diff: bool,
    output: Path | None,
    as_json: bool,
) -> None:
    """Show what a push would change on each host, in order and with reasons; nothing is changed.

    Exit code 0: there is nothing to do, 2: something would change, 1: an error.
    """
    from compiler.deploy.archives import NoArchives

    inputs = PushInputs.read(selection, file, new_secrets)
    check_signatures(inputs.bundles.values(), NoArchives(), lookaside)
    show_plan(inputs, taken_over=taken_over, verify=verify, as_json=as_json, diff=diff, output=output)
