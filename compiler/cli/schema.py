"""`heatsink schema`: the published schemas, for editors and readers."""

from __future__ import annotations

from pathlib import Path

import click

from compiler import schemas
from compiler.cli.command import Command
from compiler.cli.completion import complete_schemas
from compiler.cli.output import note
from compiler.diagnostics import HeatsinkError, counted, reason
from compiler.files.writing import replace_file


@click.command(cls=Command)
@click.argument("name", required=False, shell_complete=complete_schemas)
@click.option(
    "-o", "--output", "folder", type=click.Path(path_type=Path, file_okay=False),
    help="Write the schema, or all of them without NAME, to this folder.",
)  # fmt: skip
def schema(name: str | None, folder: Path | None) -> None:
    """Print the JSON Schema of an input file; without NAME, list the schemas."""
    names = schemas.names() if name is None else (name,)
    if folder is not None:
        _write(folder, names)
    elif name is None:
        click.echo("\n".join(names))
    else:
        click.echo(schemas.text(name), nl=False)


def _write(folder: Path, names: tuple[str, ...]) -> None:
    try:
        for name in names:
            replace_file(folder / schemas.path(name).name, schemas.text(name).encode(), 0o644)
    except OSError as error:
        raise HeatsinkError(
            f"`{folder}` cannot be written: {reason(error)}", hint="choose another folder"
        ) from None
    note(f"{counted(len(names), 'file')} written in {folder}")
