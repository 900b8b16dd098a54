"""`heatsink status`: the state of every service on every host."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING

import click

from compiler.cli.selection import Selection, selecting

if TYPE_CHECKING:
    from compiler.deploy.errors import DeployError
    from compiler.deploy.events import UnitStatus
    from compiler.deploy.status import HostStatus

_COLUMNS = ("host", "service", "state", "since", "restarts", "health", "generation")


@click.command()
@selecting
@click.option("--json", "json_wanted", is_flag=True, help="Print hosts and their units as JSON.")
def status(selection: Selection, json_wanted: bool) -> None:
    """Show the state of every service on every host; exit code 1 if anything is not up."""
    from compiler.deploy.status import statuses

    _, selected = selection.read()
    with selection.sessions(selected) as sessions:
        hosts = statuses(sessions)
        errors = tuple(sessions.errors.values())
    if json_wanted:
        click.echo(
            json.dumps([_as_json(host) for host in hosts] + [_unknown(error) for error in errors], indent=1)
        )
    else:
        _show_table(hosts)
    for error in errors:
        click.echo(error.render(), err=True)
    if errors or not all(host.is_up for host in hosts):
        sys.exit(1)


def _as_json(host: HostStatus) -> dict[str, object]:
    return {**asdict(host), "up": host.is_up}


def _unknown(error: DeployError) -> dict[str, object]:
    return {"host": error.host, "up": False, "error": str(error), "units": []}


def _show_table(hosts: Sequence[HostStatus]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in _COLUMNS:
        table.add_column(column, no_wrap=column in ("host", "service"))
    for host in hosts:
        for row in _rows(host):
            table.add_row(*row)
    # A pipe has no width; its reader expects whole lines.
    Console(width=None if sys.stdout.isatty() else 200).print(table)


def _rows(host: HostStatus) -> Iterator[tuple[str, ...]]:
    generation = f"{host.generation}{'' if host.complete else ' (incomplete)'}"
    if not host.generation:
        yield (host.host, "-", "[yellow]nothing pushed yet[/]", "", "", "", "")
    for unit in host.units:
        state = unit.state if unit.up else f"[red]{unit.state}[/]"
        yield (
            host.host,
            _name(unit),
            state,
            _time(unit.since),
            str(unit.restarts),
            unit.health or "-",
            generation,
        )


def _name(unit: UnitStatus) -> str:
    return unit.container or unit.unit.removeprefix("heatsink-").removesuffix(".service")


def _time(seconds: int | None) -> str:
    return datetime.fromtimestamp(seconds).astimezone().strftime("%Y-%m-%d %H:%M:%S") if seconds else "-"
