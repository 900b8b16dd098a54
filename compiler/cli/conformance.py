"""`heatsink conformance`: cases with the results of real Heat."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from compiler.cli.command import Command


@click.command("conformance", cls=Command)
@click.argument("path", metavar="CASES", type=click.Path(path_type=Path))
def conformance(path: Path) -> None:
    """Evaluate the cases of a JSON file and compare the results with those of real Heat.

    Prints each case that fails, with the difference, and `N passed, M failed` at the end. Exits with 1 if any
    case fails.
    """
    from compiler.heat import conformance

    failed = 0
    cases = conformance.cases(path)
    for case in cases:
        if (difference := conformance.difference(case)) is not None:
            failed += 1
            click.echo(f"{case.id}\n{difference}\n")
    click.echo(f"{len(cases) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)
