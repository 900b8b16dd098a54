"""Options that several commands take, and the warnings that they show."""

from __future__ import annotations

import click

from compiler.diagnostics import Report
from compiler.model.inputs import Merge

merge_option = click.option(
    "--merge", type=click.Choice([merge.value for merge in Merge]),
    default=Merge.SERVER.value, show_default=True,
    help="How environment files are merged: as Heat's server or its client does it.",
)  # fmt: skip


def show(report: Report) -> None:
    """Print every warning, a blank line after each."""
    for warning in report.warnings:
        click.echo(warning.render("warning") + "\n", err=True)
