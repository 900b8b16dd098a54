"""`heatsink schema`: the published schemas, for editors and readers."""

from __future__ import annotations

import click

from compiler import schemas
from compiler.cli.command import Command


@click.command(cls=Command)
@click.argument("name", required=False)
def schema(name: str | None) -> None:
    """Print the JSON Schema of an input file; without NAME, list the schemas."""
    if name is None:
        click.echo("\n".join(schemas.names()))
    else:
        click.echo(schemas.text(name), nl=False)
