"""`heatsink secrets`: values of hidden parameters."""

from __future__ import annotations

from pathlib import Path

import click

from compiler.cli.groups import CommandGroup
from compiler.cli.output import note
from compiler.files.secrets import NAME as SECRETS_FILE
from compiler.files.secrets import add_secrets, new_values, read_secrets


@click.group(cls=CommandGroup)
def secrets() -> None:
    """Generate the values of hidden parameters, to which bundles only refer."""


@secrets.command()
@click.option(
    "--build", type=click.Path(path_type=Path), default=Path("build"), show_default=True,
    help="Folder of the compiled bundle.",
)  # fmt: skip
@click.option(
    "--secrets", "path", type=click.Path(path_type=Path), default=Path(SECRETS_FILE), show_default=True,
    help="File to complete; a new one is readable by you alone (mode 0600).",
)  # fmt: skip
def generate(build: Path, path: Path) -> None:
    """Generate a value for every secret that the compiled bundle needs and the file lacks."""
    from compiler.deploy.bundle import bundle_folder, read_fleet

    hosts = read_fleet(build).hosts
    needed = {name for host in hosts for name in bundle_folder(build, host).secrets}
    new = new_values(needed - read_secrets(path).keys())
    if new:
        add_secrets(path, new)
        note(f"generated in {path}: {', '.join(new)}")
    else:
        note(f"{path}: no value is missing")
