"""`heatsink secrets`: values of hidden parameters."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from compiler.cli.command import json_option
from compiler.cli.groups import CommandGroup
from compiler.cli.listed_secrets import COLUMNS, listed_secrets, row
from compiler.cli.options import secrets_option
from compiler.cli.output import note, show_table
from compiler.cli.secret_values import (
    SecretsNeeded,
    fetched,
    making_for,
    new_secrets_option,
)
from compiler.cli.selection import Selection, selecting
from compiler.diagnostics import HeatsinkError, closest
from compiler.files.secrets import SecretsFile
from compiler.model.credential import SECRET_KINDS
from compiler.model.fleet import Fleet

if TYPE_CHECKING:
    from compiler.deploy.making import Making

_build_option = click.option(
    "--build", type=click.Path(path_type=Path), default=Path("build"), show_default=True,
    help="Folder of the compiled bundle, which names the kinds of secrets.",
)  # fmt: skip
_FILE = "File of secret values; a new one is readable by you alone (mode 0600)."


@click.group(cls=CommandGroup)
def secrets() -> None:
    """Generate, replace and bring back the values of hidden parameters, to which bundles only refer."""


@secrets.command()
@selecting
@secrets_option(_FILE)
@new_secrets_option()
@click.option("--offline", is_flag=True, help="Do not ask the hosts: none of them has been pushed to yet.")
def generate(selection: Selection, file: SecretsFile, new_secrets: tuple[str, ...], offline: bool) -> None:
    """Generate a value for every secret that the compiled bundle needs and the file lacks.

    Hosts are asked first: a secret that one of them has is not generated again.
    """
    fleet, hosts = selection.read()
    needed = SecretsNeeded(selection=selection, fleet=fleet, file=file, forced=new_secrets)
    if offline:
        names = {name for bundle in needed.bundles(hosts).values() for name in bundle.secrets}
        needed = replace(needed, forced=sorted(names - file.values().keys()))
    new = needed.values(needed.bundles(hosts).values())[1]
    needed.keep(new)
    if not new:
        note(f"{file.path}: no value is missing")


@secrets.command("list")
@selecting
@secrets_option("File of secret values.")
@json_option("Print secrets and the hosts that need them as JSON.")
def list_(selection: Selection, file: SecretsFile, as_json: bool) -> None:
    """List the secrets of the bundle and of the file, without their values."""
    fleet, hosts = selection.read()
    bundles = SecretsNeeded(selection=selection, fleet=fleet, file=file).bundles(hosts)
    listed = listed_secrets(fleet, {host: bundle.secrets for host, bundle in bundles.items()}, file.values())
    if as_json:
        click.echo(json.dumps([asdict(secret) for secret in listed], indent=1))
    else:
        show_table(COLUMNS, map(row, listed))


@secrets.command("set")
@click.argument("name")
@secrets_option(_FILE)
def set_(name: str, file: SecretsFile) -> None:
    """Set the value of a secret, read from a prompt without echo, or from stdin.

    The next push restarts the services that use it.
    """
    if not (value := _entered(name)):
        raise HeatsinkError(f"the value of `{name}` is empty", hint="type it, or pass it on stdin")
    file.replace({name: value})
    note(f"set in {file.path}: {name}")


def _entered(name: str) -> str:
    """What the operator types, or stdin; a single line without its end."""
    if sys.stdin.isatty():
        entered: str = click.prompt(name, hide_input=True, confirmation_prompt=True, err=True)
        return entered
    text = sys.stdin.read()
    return text.removesuffix("\n") if text.count("\n") == 1 else text


@secrets.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@_build_option
@click.option("--overlap", is_flag=True, help="Trust the former authority too, until `secrets retire`.")
@secrets_option(_FILE)
def rotate(names: tuple[str, ...], build: Path, overlap: bool, file: SecretsFile) -> None:
    """Generate new values for secrets that have one.

    All secrets of a certificate or key pair are replaced together; with an authority, all certificates that
    it has signed. The next push restarts the services that use them.
    """
    making = _making(build, file)
    _check_rotatable(names, making, file)
    from compiler.deploy.rollover import overlapping

    new = overlapping(making, names) if overlap else _replaced(making, names)
    file.replace(new)
    note(f"generated in {file.path}: {', '.join(new)}")


def _replaced(making: Making, names: tuple[str, ...]) -> dict[str, str]:
    """New values of secrets, and of the certificates that an authority among them has signed."""
    replaced = making.belonging(names)
    signed = making.signed_by(replaced) - replaced
    if signed:
        note(f"renewed with their authority: {', '.join(sorted(signed))}")
    return making.new(replaced | signed)


def _making(build: Path, file: SecretsFile) -> Making:
    """What makes values for the fleet of a build; without a build all are strings."""
    from compiler.deploy.bundle import read_fleet

    fleet = read_fleet(build) if (build / "fleet.json").exists() else Fleet(hosts=())
    return making_for(fleet, build, file.values())


@secrets.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@_build_option
@secrets_option(_FILE)
def retire(names: tuple[str, ...], build: Path, file: SecretsFile) -> None:
    """Stop trusting the former authorities that `rotate --overlap` has kept.

    Refused while a certificate in the secrets file is signed by one of them.
    """
    from compiler.deploy.rollover import retired

    new = retired(_making(build, file), names)
    file.replace(new)
    note(f"replaced in {file.path}: {', '.join(new)}")


def _check_rotatable(names: tuple[str, ...], making: Making, file: SecretsFile) -> None:
    """Raise HeatsinkError for names without a value, and for keys and certificates of no known kind."""
    values = making.values
    credentials = {
        name for credential in making.credentials for name in (credential.name, *credential.secrets)
    }
    for name in names:
        if name not in values and name not in credentials:
            raise HeatsinkError(
                f"`{name}` has no value in `{file.path}`", hint=closest(name, {*values, *credentials})
            )
        if name not in credentials and values[name].startswith("-----BEGIN "):
            hint = f"declare it in `{SECRET_KINDS}` and compile, or run `heatsink secrets set {name}`"
            raise HeatsinkError(f"`{name}` is a key or a certificate of an unknown kind", hint=hint)


@secrets.command()
@selecting
@secrets_option(_FILE)
def fetch(selection: Selection, file: SecretsFile) -> None:
    """Bring back from hosts the values that the file lacks.

    Hosts keep the values of their secrets. One for which they have different values is not fetched.
    """
    values, problems = fetched(selection, file.values().keys())
    if values:
        _add(file, values, "fetched to")
    if problems:
        raise HeatsinkError.of(problems)
    if not values:
        note(f"{file.path}: no host has a value that is missing")


@secrets.command("import")
@click.argument("source", type=click.Path(path_type=Path, exists=True, dir_okay=False), metavar="FILE")
@secrets_option(_FILE)
def import_(source: Path, file: SecretsFile) -> None:
    """Add the values of another secrets file for names that the file lacks."""
    present, other = file.values(), SecretsFile(source).values()
    differing = sorted(name for name, value in other.items() if present.get(name, value) != value)
    if differing:
        names = ", ".join(f"`{name}`" for name in differing)
        raise HeatsinkError(
            f"`{source}` and `{file.path}` have different values of {names}",
            hint="nothing was imported; remove these from one of the files",
        )
    new = {name: value for name, value in other.items() if name not in present}
    if new:
        _add(file, new, "imported to")
    else:
        note(f"{file.path}: no value is missing")


def _add(file: SecretsFile, values: Mapping[str, str], done: str) -> None:
    file.add(values)
    note(f"{done} {file.path}: {', '.join(values)}")
