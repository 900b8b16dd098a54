"""`heatsink lab`: real nodes on this machine to try a fleet on."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import click

from compiler import lab as labs
from compiler.cli.command import json_option
from compiler.cli.completion import complete_roles
from compiler.cli.groups import CommandGroup
from compiler.cli.output import Cell, note, show_table
from compiler.diagnostics import reason
from compiler.files.hosts_file import role_counts
from compiler.lab.place import STATE, SUBNET
from compiler.stages.load import roles as role_files

_NUMBER = click.IntRange(min=1)


class _NodeNumber(click.IntRange):
    """The number of a node, or its name: `5` or `node5`."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        number: Any = str(value).removeprefix("node")
        return super().convert(number, param, ctx)


_NODE = _NodeNumber(min=1)


@click.group(cls=CommandGroup)
@click.option(
    "--state", type=click.Path(path_type=Path, file_okay=False), default=STATE, show_default=True,
    envvar="HEATSINK_LAB_STATE", show_envvar=True, help="Folder of the lab.",
)  # fmt: skip
@click.option(
    "--subnet", default=SUBNET, show_default=True, envvar="HEATSINK_LAB_SUBNET", show_envvar=True,
    help="First three numbers of the lab's IPv4 network.",
)  # fmt: skip
@click.pass_context
def lab(context: click.Context, state: Path, subnet: str) -> None:
    """Boot real nodes on this machine to try a fleet on.

    Each node has its own systemd, sshd and container engine.
    """
    context.obj = labs.Lab(state=state.absolute(), subnet=subnet)


@lab.command()
@click.argument("count", type=_NUMBER)
@click.option(
    "--engine",
    type=click.Choice(labs.ENGINES),
    default="podman",
    show_default=True,
    help="Container engine of the nodes.",
)
@click.option(
    "--release",
    type=click.Choice(labs.RELEASES),
    default=labs.DEFAULT_RELEASE,
    show_default=True,
    help="Debian release of the nodes.",
)
@click.option("--first", type=_NUMBER, default=1, show_default=True, help="Number of the first node.")
@click.option("--install", is_flag=True, help="Install missing Debian packages.")
@click.pass_obj
def up(
    place: labs.Lab, count: int, engine: labs.Engine, release: labs.Release, first: int, install: bool
) -> None:
    """Boot COUNT nodes; running ones stay as they are."""
    labs.require_root()
    if install:
        labs.install_packages(_print_progress)
    labs.up(place, count, engine=engine, release=release, first=first, progress=_print_progress)


@lab.command()
@click.argument("numbers", metavar="[N]...", type=_NODE, nargs=-1)
@click.pass_obj
def down(place: labs.Lab, numbers: tuple[int, ...]) -> None:
    """Stop nodes and delete their disks; without N, remove the whole lab."""
    for node in labs.down(place, numbers):
        _print_progress(f"{node.name} is removed")


@lab.command(name="list")
@json_option()
@click.pass_obj
def list_nodes(place: labs.Lab, as_json: bool) -> None:
    """List the nodes with their addresses, engines, releases and states."""
    rows = [_row(node) for node in labs.nodes(place)]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
    else:
        _show_table(rows)


@lab.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.argument("number", metavar="N", type=_NODE)
@click.argument("command", metavar="[COMMAND]...", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def ssh(context: click.Context, number: int, command: tuple[str, ...]) -> None:
    """Run a command or a shell on a node; exits with its status."""
    labs.require_root()
    node = labs.load(context.obj, number)
    context.exit(subprocess.run((*node.ssh_command(), *command), check=False).returncode)


@lab.command()
@click.argument("number", metavar="N", type=_NODE)
@click.pass_obj
def crash(place: labs.Lab, number: int) -> None:
    """Power a node off abruptly."""
    labs.require_root()
    labs.load(place, number).crash()


@lab.command()
@click.argument("number", metavar="N", type=_NODE)
@click.pass_obj
def boot(place: labs.Lab, number: int) -> None:
    """Boot a stopped node, keeping its disk."""
    node = labs.load(place, number)
    labs.up(place, 1, engine=node.engine, release=node.release, first=number, progress=_print_progress)


@lab.command()
@click.argument("number", metavar="N", type=_NODE)
@click.pass_obj
def cut(place: labs.Lab, number: int) -> None:
    """Disconnect a node from the network."""
    labs.require_root()
    labs.load(place, number).cut()


@lab.command()
@click.argument("number", metavar="N", type=_NODE)
@click.pass_obj
def heal(place: labs.Lab, number: int) -> None:
    """Reconnect a node to the network."""
    labs.require_root()
    labs.load(place, number).heal()


@lab.command()
@click.option("--install", is_flag=True, help="Install missing Debian packages.")
@click.pass_obj
def registry(place: labs.Lab, install: bool) -> None:
    """Run a container registry for the nodes and print its address."""
    labs.require_root()
    if install:
        labs.install_packages(_print_progress)
    click.echo(labs.start_registry(place))


@lab.command()
@click.option(
    "--role",
    "roles",
    multiple=True,
    required=True,
    metavar="ROLE=COUNT",
    shell_complete=complete_roles,
    help="Number of nodes for a role; repeatable.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    default="hosts.yaml",
    show_default=True,
    help="File to write.",
)
@click.option(
    "--user",
    type=click.Choice(labs.USERS),
    default="root",
    show_default=True,
    help="User to log in as.",
)
@click.option("--ipv6", is_flag=True, help="Write the nodes' IPv6 addresses.")
@click.option("--force", is_flag=True, help="Overwrite an existing file.")
@click.pass_obj
def hosts(place: labs.Lab, roles: tuple[str, ...], output: Path, user: str, ipv6: bool, force: bool) -> None:
    """Write a hosts file that assigns nodes to roles, in the order of their numbers."""
    counts = role_counts(roles)
    role_files.named(counts, None)  # refuses roles that are not defined
    numbers = {role: count or 1 for role, count in counts.items()}
    text = labs.hosts_file(place, labs.nodes(place), numbers, user=user, ipv6=ipv6)
    try:
        with output.open("w" if force else "x") as file:
            file.write(text)
    except FileExistsError:
        raise labs.LabError(f"`{output}` exists", hint="use `--force` to overwrite it") from None
    except OSError as error:
        raise labs.LabError(f"`{output}` cannot be written: {reason(error)}") from None
    _print_progress(f"wrote {output}")


def _row(node: labs.LabNode) -> dict[str, str]:
    return {
        "name": node.name,
        "address": node.address,
        "engine": node.engine,
        "release": node.release,
        "state": node.state,
    }


def _show_table(rows: list[dict[str, str]]) -> None:
    colours = {"up": "green", "cut": "yellow", "off": "red"}
    show_table(
        ("node", "address", "engine", "release", "state"),
        (
            [Cell(text, colours.get(text, "") if key == "state" else "") for key, text in row.items()]
            for row in rows
        ),
    )


def _print_progress(text: str) -> None:
    note(text)
