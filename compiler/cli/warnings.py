"""Warnings, as every command shows them."""

from __future__ import annotations

import click

from compiler.diagnostics import Report


def show(report: Report) -> None:
    """Print every warning, a blank line after each."""
    for warning in report.warnings:
        click.echo(warning.render("warning") + "\n", err=True)
