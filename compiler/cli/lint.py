"""`heatsink lint`: what Heat silently ignores."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from compiler.cli.command import Command, json_option
from compiler.cli.options import environment_options
from compiler.cli.output import note
from compiler.diagnostics import HeatsinkError, counted
from compiler.heat.lint import linter
from compiler.heat.lint.linter import LintRequest, LintResult
from compiler.heat.lint.rules import CODES

_PATH = click.Path(path_type=Path)
_CODE = click.Choice(CODES)


@click.command("lint", cls=Command)
@click.argument("paths", type=_PATH, nargs=-1, required=True, metavar="PATH...")
@environment_options
@click.option(
    "--rule",
    "chosen",
    type=_CODE,
    multiple=True,
    metavar="CODE",
    help="Check this rule only; repeatable.  [default: all]",
)
@click.option(
    "--ignore", "ignored", type=_CODE, multiple=True, metavar="CODE", help="Skip this rule; repeatable."
)
@json_option()
def lint(
    paths: tuple[Path, ...], environments: tuple[Path, ...],
    chosen: tuple[str, ...], ignored: tuple[str, ...], *, as_json: bool,
) -> None:  # fmt: skip
    """Find what Heat silently ignores in templates and environments.

    Prints one finding per line: the place, the rule, what happens, what to do. Exits with 1 if there are any.
    """
    codes = frozenset(chosen or CODES) - frozenset(ignored)
    result = linter.lint(LintRequest(paths=paths, environments=environments, codes=codes))
    if not result.templates and not result.environments and not result.findings:
        raise HeatsinkError("no template found", hint="a template starts with `heat_template_version: …`")
    if as_json:
        click.echo(json.dumps([finding.plain for finding in result.findings], indent=1))
    else:
        for finding in result.findings:
            click.echo(finding.line)
    note(_summary(result))
    sys.exit(1 if result.findings else 0)


def _summary(result: LintResult) -> str:
    looked_at = ", ".join(
        (counted(result.templates, "template"), counted(result.environments, "environment"))
    )
    return f"{counted(len(result.findings), 'finding')} in {looked_at}"
