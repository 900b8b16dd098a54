"""`heatsink status`: the state of every service on every host."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from compiler.cli.command import Command, json_option
from compiler.cli.output import Cell, problems_as_json, show_problems, show_table
from compiler.cli.selection import Selection, selecting, show_errors
from compiler.diagnostics import Problem

if TYPE_CHECKING:
    from compiler.deploy.errors import DeployError
    from compiler.deploy.events import UnitStatus
    from compiler.deploy.status import HostStatus

EARLY = 30  # days before a certificate expires
_COLUMNS = ("host", "service", "state", "since", "restarts", "health", "generation")


@click.command(cls=Command)
@selecting
@json_option("Print hosts and their units as JSON.")
def status(selection: Selection, as_json: bool) -> None:
    """Show the state of every service on every host; exit code 1 if anything is not up."""
    from compiler.deploy.status import statuses

    fleet, chosen = selection.read(with_left=True)
    left = [host.name for host in chosen if host in fleet.left]
    with selection.sessions([host for host in chosen if host.name not in left]) as sessions:
        hosts = statuses(sessions)
        errors = tuple(sessions.errors.values())
    if as_json:
        rows = [*map(_as_json, hosts), *map(_unknown, errors), *map(_left_as_json, left)]
        click.echo(json.dumps(rows, indent=1))
    else:
        show_table(_COLUMNS, (*(row for host in hosts for row in _rows(host)), *map(_left_row, left)))
        for problem in expiring(hosts, time.time()):
            show_problems((problem,), "warning")
    show_errors(errors)
    if not all(host.is_up for host in hosts):
        sys.exit(1)


def expiring(hosts: Iterable[HostStatus], now: float) -> Iterator[Problem]:
    """The certificates that expire within EARLY days of `now`, or have expired."""
    found: dict[tuple[str, int], list[str]] = {}
    for host in hosts:
        for held in host.certificates:
            if held.expires < now + EARLY * 86400:
                found.setdefault((held.secret, held.expires), []).append(host.host)
    for (secret, expires), names in sorted(found.items()):
        word = "expired" if expires < now else "expires"
        day = datetime.fromtimestamp(expires, UTC).strftime("%Y-%m-%d")
        hint = f"run `heatsink secrets rotate {secret}`, then push"
        yield Problem(f"{', '.join(names)}: the certificate `{secret}` {word} on {day}", hint=hint)


def _as_json(host: HostStatus) -> dict[str, object]:
    return {**asdict(host), "up": host.is_up, "left": False, "errors": []}


def _unknown(error: DeployError) -> dict[str, object]:
    return {
        "host": error.host,
        "up": False,
        "left": False,
        "errors": problems_as_json(error.problems),
        "units": [],
    }


def _left_as_json(host: str) -> dict[str, object]:
    return {"host": host, "up": None, "left": True, "errors": [], "units": []}


def _left_row(host: str) -> tuple[Cell, ...]:
    text = f"left the hosts file; remove with heatsink remove --host {host}"
    return (Cell(host), Cell("-"), Cell(text, "yellow"), *(Cell(""),) * 4)


def _rows(host: HostStatus) -> Iterator[tuple[Cell, ...]]:
    generation = f"{host.generation}{'' if host.complete else ' (incomplete)'}"
    if not host.generation:
        blank = (Cell(""),) * 4
        yield (Cell(host.host), Cell("-"), Cell("nothing pushed yet", "yellow"), *blank)
    for unit in host.units:
        yield (
            Cell(host.host),
            Cell(_name(unit)),
            Cell(unit.state, "" if unit.up else "red"),
            Cell(_time(unit.since)),
            Cell(str(unit.restarts)),
            Cell(unit.health or "-"),
            Cell(generation),
        )


def _name(unit: UnitStatus) -> str:
    return unit.container or unit.unit.removeprefix("heatsink-").removesuffix(".service")


def _time(seconds: int | None) -> str:
    return datetime.fromtimestamp(seconds).astimezone().strftime("%Y-%m-%d %H:%M:%S") if seconds else "-"
