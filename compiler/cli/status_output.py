"""What a status looks like: on a terminal host by host, in a pipe a line for each unit, and as JSON."""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import TYPE_CHECKING

import click

from compiler.cli.output import Cell, output_options, problems_as_json, show_table
from compiler.diagnostics import counted

if TYPE_CHECKING:
    from compiler.deploy.events import UnitStatus
    from compiler.deploy.status import HostStatus

WIDTH = 80
_COLUMNS = ("host", "service", "state", "since", "restarts", "health", "generation", "why")
_COLOURS = {"up": "green", "empty": "yellow", "left": "yellow"}  # of states; others are red
_SECONDS = {" days": 86400, " h": 3600, " min": 60, " s": 1}  # the units in which an age is shown
_RESTARTING = "activating (auto-restart"  # and `-queued`


def show(hosts: Sequence[HostStatus], *, as_json: bool) -> None:
    """Print the state of hosts."""
    if as_json:
        click.echo(json.dumps([_as_json(host) for host in hosts], indent=1))
    elif sys.stdout.isatty():
        click.echo("\n".join(screen(hosts, verbose=output_options().verbose)))
    else:
        show_table(_COLUMNS, (row for host in hosts for row in _rows(host)))


def _as_json(host: HostStatus) -> dict[str, object]:
    common: dict[str, object] = {
        "host": host.host,
        "state": host.state,
        "up": None if host.has_left else host.state == "up",
        "left": host.has_left,
        "errors": problems_as_json(host.error.problems if host.error else ()),
        "units": [],
    }
    if host.has_left or host.error:
        return common
    known = asdict(replace(host, error=None))
    return {
        **common,
        **{key: known[key] for key in known if key not in ("error", "has_left", "has_answered")},
        "units": [unit._asdict() for unit in host.units],
    }


def _rows(host: HostStatus) -> Iterator[list[Cell]]:
    """The lines for programs; what fits into no column is in `why` of the first."""
    notes = ", ".join(host.flaws)
    generation = f"{host.generation} ({notes})" if notes else str(host.generation or "")
    why = "; ".join(host.problems)
    if not host.units:
        yield _row(host.host, "-", _TEXTS[host.state].format(host.host), "", "", "", generation, why)
    for unit in host.units:
        since = _time(unit.since) if unit.since else "-"
        reasons = "; ".join(filter(None, (why, unit.why)))
        cells = (unit.state, since, str(unit.restarts), unit.health or "-", generation, reasons)
        yield _row(host.host, _name(unit), *cells)
        why = ""


_TEXTS = {
    "up": "up",
    "down": "not up",
    "empty": "nothing pushed yet",
    "unreachable": "unreachable",
    "unknown": "unknown",
    "left": "left the hosts file; remove with heatsink remove --host {}",
}


def _row(*texts: str) -> list[Cell]:
    return [Cell(text) for text in texts]


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _name(unit: UnitStatus) -> str:
    return unit.container or unit.unit.removeprefix("heatsink-").removesuffix(".service")


def screen(hosts: Sequence[HostStatus], *, verbose: bool = False) -> Iterator[str]:
    """The lines for people: each host with its state, and below it its units."""
    cells = {host.host: [_cells(unit, host.at) for unit in host.units] for host in hosts}
    every = [row for rows in cells.values() for row in rows]
    widths = [max(map(len, column)) for column in zip(*every, strict=True)]
    for host in hosts:
        yield from _wrapped(_headline(host), _COLOURS.get(host.state, "red"), hanging=4, bold=True)
        yield from _details(host, verbose=verbose)
        for unit, row in zip(host.units, cells[host.host], strict=True):
            yield from _unit_lines(unit, (text.ljust(width) for text, width in zip(row, widths, strict=True)))
    yield _totals(hosts)


def _headline(host: HostStatus) -> str:
    """`node1: behind the build, 2 units not up; generation 3 (20260501T102233-4f3a2b1c)`."""
    down = _down(host.units)
    words = [*host.flaws, *([f"{counted(down, 'unit')} not up"] if down else [])]
    state = ", ".join(words) or _TEXTS[host.state].format(host.host)
    name = f" ({host.name})" if host.name else ""
    return f"{host.host}: {state}" + (f"; generation {host.generation}{name}" if host.generation else "")


def _details(host: HostStatus, *, verbose: bool) -> Iterator[str]:
    """What is wrong with a host as a whole, and the files that were changed if `verbose`."""
    for problem in host.problems:
        yield from _wrapped(f"  {problem}", "red", hanging=4)
    if verbose:
        yield from (f"  changed: {path}" for path in host.changed)


def _unit_lines(unit: UnitStatus, cells: Iterable[str]) -> Iterator[str]:
    """A unit, and why it is not up."""
    colour = "" if unit.up else "red"
    yield _coloured("  ".join(("", *cells)).rstrip(), colour)
    yield from _wrapped(f"    {unit.why}" if unit.why else "", colour, hanging=6)


def _wrapped(text: str, colour: str, *, hanging: int, bold: bool = False) -> Iterator[str]:
    for line in textwrap.wrap(text, WIDTH, subsequent_indent=" " * hanging, break_on_hyphens=False):
        yield _coloured(line, colour, bold=bold)


def _coloured(line: str, colour: str, *, bold: bool = False) -> str:
    return click.style(line, fg=colour, bold=bold) if colour else line


def _cells(unit: UnitStatus, now: int) -> tuple[str, ...]:
    """Name, state, age, health and restarts."""
    state = "restarting" if unit.state.startswith(_RESTARTING) else unit.state
    is_told = "restarted" in unit.why  # how often
    restarts = counted(unit.restarts, "restart") if unit.restarts and not is_told else ""
    health = ", ".join(filter(None, (unit.health, restarts)))
    return (_name(unit), state, _age(now - unit.since) if unit.since else "", health)


def _age(seconds: int) -> str:
    """`3 min`: in the largest unit of which there are two, or in seconds."""
    for unit, length in _SECONDS.items():
        if seconds >= 2 * length or length == 1:
            return f"{max(0, seconds) // length}{unit}"
    raise AssertionError


def _totals(hosts: Sequence[HostStatus]) -> str:
    """`2 of 3 hosts up, 7 of 9 units up`."""
    states = [host.state for host in hosts]
    units = [unit for host in hosts for unit in host.units]
    up = f"{states.count('up')} of {counted(len(states) - states.count('left'), 'host')} up"
    return f"{up}, {len(units) - _down(units)} of {counted(len(units), 'unit')} up"


def _down(units: Sequence[UnitStatus]) -> int:
    return sum(not unit.up for unit in units)
