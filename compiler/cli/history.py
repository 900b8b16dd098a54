"""`heatsink history`: what was done on hosts, and which generations they keep."""

from __future__ import annotations

import json
import sys
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

import click

from compiler.cli.command import Command, json_option
from compiler.cli.completion import complete_hosts
from compiler.cli.output import Cell, note, problems_as_json, show_table
from compiler.cli.selection import Selection, selecting, show_errors
from compiler.diagnostics import counted

if TYPE_CHECKING:
    from compiler.deploy.errors import DeployError
    from compiler.deploy.events import RecordedChange
    from compiler.deploy.history import HostHistory

WIDTH = 80
_THINGS = {"written": "file", "removed": "file", "started": "unit", "stopped": "unit"}
_RESULTS = ("done", "reverted", "incomplete")
_COMMON = ("generation", "time", "action", "by", "commit", *_THINGS)
_FLEET_COLUMNS = (*_COMMON, *_RESULTS, "kept", "current")
_HOST_COLUMNS = ("host", "number", *_COMMON, "result", "state", "why")


@click.command(cls=Command)
@click.argument("names", nargs=-1, metavar="[HOST]...", shell_complete=complete_hosts)
@selecting
@click.option("-n", "--newest", type=click.IntRange(min=1), default=20, show_default=True, metavar="N",
              help="Show this many changes, the newest.")  # fmt: skip
@json_option("Print the changes of each host as JSON.")
def history(selection: Selection, names: tuple[str, ...], newest: int, as_json: bool) -> None:
    """Show what was done on the fleet, newest first: a push on all of its hosts together.

    With names of hosts, or patterns as for `--host`: what was done on each of these. `current` is what a host
    has, and `kept` what `rollback --to` can return to.
    """
    from compiler.deploy.history import histories

    hosts = replace(selection, patterns=(*selection.patterns, *names)).read(with_left=bool(names))[1]
    with selection.sessions(hosts) as sessions:
        read = histories(sessions, newest)
        errors = tuple(sessions.errors.values())
    if as_json:
        click.echo(json.dumps([*map(_as_json, read), *map(_unknown, errors)], indent=1))
    elif names:
        _show_hosts(read)
    else:
        _show_fleet(fleet_changes(read)[:newest])
    show_errors(errors)


def _as_json(read: HostHistory) -> dict[str, object]:
    changes = [_change_as_json(read, change) for change in read.changes]
    kept = {**read.kept._asdict(), "generations": [kept._asdict() for kept in read.kept.generations]}
    del kept["past"]
    return {"host": read.host, **kept, "changes": changes, "errors": []}


def _change_as_json(read: HostHistory, change: RecordedChange) -> dict[str, object]:
    changed = [asdict(things) for things in change.changed]
    return {**change._asdict(), "changed": changed, "state": _state(read, change)}


def _unknown(error: DeployError) -> dict[str, object]:
    return {"host": error.host, "changes": [], "errors": problems_as_json(error.problems)}


@dataclass(frozen=True, slots=True)
class FleetChange:
    """What one command did: the change of each host, with the history that it is in."""

    parts: tuple[tuple[HostHistory, RecordedChange], ...]

    @property
    def newest(self) -> RecordedChange:
        """The change that ended last."""
        return max((change for _, change in self.parts), key=lambda change: change.at)

    @property
    def results(self) -> Counter[str]:
        """How many hosts have which result."""
        return Counter(change.result for _, change in self.parts)

    @property
    def states(self) -> Counter[str]:
        """On how many hosts the generation is current, or kept."""
        return Counter(_state(read, change) for read, change in self.parts)

    @property
    def things(self) -> Counter[str]:
        """How many files and units were to change."""
        things: Counter[str] = Counter()
        for _, change in self.parts:
            things.update({changed.what: changed.count for changed in change.changed})
        return things


def fleet_changes(histories: Iterable[HostHistory]) -> list[FleetChange]:
    """The changes of all hosts, those of one command together, newest first."""
    groups: dict[tuple[str, ...], list[tuple[HostHistory, RecordedChange]]] = {}
    for read in histories:
        for change in read.changes:
            groups.setdefault(_command(read, change), []).append((read, change))
    changes = (FleetChange(tuple(parts)) for parts in groups.values())
    return sorted(changes, key=lambda change: change.newest.at, reverse=True)


def _command(read: HostHistory, change: RecordedChange) -> tuple[str, ...]:
    """What changes of one command have in common; earlier versions gave only pushes a name."""
    if change.change or change.name:
        return change.action, change.change or change.name
    return read.host, change.action, str(change.at)


def _state(read: HostHistory, change: RecordedChange) -> str:
    """What has become of the generation of a change: `current`, `kept`, or nothing."""
    if read.kept.current == change.generation:
        return "current"
    return "kept" if change.generation in {each.number for each in read.kept.generations} else ""


def _show_fleet(changes: Sequence[FleetChange]) -> None:
    if not sys.stdout.isatty():
        show_table(_FLEET_COLUMNS, map(_fleet_row, changes))
        return
    for change in changes:
        newest = change.newest
        click.echo(f"{_title(newest)}  {_on_hosts(change)}")
        click.echo(_filled((_origin(newest), *_counted(change.things)), "  "))
    if not changes:
        note("nothing was changed yet")


def _fleet_row(change: FleetChange) -> tuple[Cell, ...]:
    results, states = change.results, change.states
    numbers = (
        *(results[result] for result in _RESULTS),
        states["kept"] + states["current"],
        states["current"],
    )
    return (*_common_cells(change.newest, change.things), *(Cell(str(number)) for number in numbers))


def _on_hosts(change: FleetChange) -> str:
    """`done on 2 hosts; current on 1, kept on 1`."""
    results = ", ".join(f"{result} on {number}" for result, number in sorted(change.results.items()))
    states = ", ".join(f"{state} on {number}" for state, number in sorted(change.states.items()) if state)
    return "; ".join(text for text in (results, states) if text)


def _show_hosts(histories: Sequence[HostHistory]) -> None:
    if not sys.stdout.isatty():
        show_table(_HOST_COLUMNS, (_host_row(read, change) for read in histories for change in read.changes))
        return
    for read in histories:
        click.echo(f"{read.host}:" if read.changes else f"{read.host}: nothing was changed yet")
        for change in read.changes:
            click.echo("\n".join(_host_lines(read, change)))


def _host_row(read: HostHistory, change: RecordedChange) -> tuple[Cell, ...]:
    common = _common_cells(change, FleetChange(((read, change),)).things)
    ends = (change.result, _state(read, change) or "-", change.why)
    return (Cell(read.host), Cell(str(change.generation)), *common, *map(Cell, ends))


def _host_lines(read: HostHistory, change: RecordedChange) -> Iterator[str]:
    state = f"; {state}" if (state := _state(read, change)) else ""
    yield f"  {_title(change)}  {change.result}{state}, number {change.generation}"
    yield _filled((_origin(change),), "    ")
    if change.why:
        yield _filled((change.why,), "    ")
    for changed in change.changed:
        if changed.count:
            more = ["…"] if changed.count > len(changed.names) else []
            title = f"{counted(changed.count, _THINGS[changed.what])} {changed.what}"
            yield _filled((f"{title}: {', '.join((*changed.names, *more))}",), "    ")


def _common_cells(change: RecordedChange, things: Counter[str]) -> Iterator[Cell]:
    for text in (change.name or "-", _time(change.at), change.action, change.by, change.source or "-"):
        yield Cell(text)
    yield from (Cell(str(things[what])) for what in _THINGS)


def _title(change: RecordedChange) -> str:
    return f"{change.name or '(without a name)':24}  {change.action:8}"


def _origin(change: RecordedChange) -> str:
    """`2026-11-29 09:46, root on deploy, commit 1a2b3c4`."""
    commit = f", commit {change.source}" if change.source else ""
    return f"{_time(change.at)}, {change.by}{commit}"


def _counted(things: Counter[str]) -> Iterator[str]:
    """`3 files written`, `1 unit started`: what there is any of."""
    return (f"{counted(things[what], noun)} {what}" for what, noun in _THINGS.items() if things[what])


def _filled(texts: Iterable[str], indent: str) -> str:
    return textwrap.fill(
        ", ".join(texts),
        WIDTH,
        initial_indent=indent,
        subsequent_indent=f"{indent}  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds).astimezone().strftime("%Y-%m-%d %H:%M")
