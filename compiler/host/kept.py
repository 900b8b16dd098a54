"""Tells a pusher which generations are kept here, to choose from, and what was done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import takewhile
from typing import Any

from .history import DONE, INCOMPLETE, changes
from .installed import Installed
from .layout import CURRENT, PREVIOUS
from .machine import Machine
from .pending import Pending
from .store import generations, kept_generations, linked
from .wire import Pusher


def report_kept(machine: Machine, pusher: Pusher) -> None:
    """Report the generations that are kept here, newest first; one that is damaged has no name.

    `previous` is what was here before the change `change`, the last one that is not undone: 0 if nothing was.
    """
    change, previous = _last_change(machine)
    pusher.send(
        "kept",
        current=linked(machine, CURRENT),
        previous=previous,
        change=change,
        generations=[
            {"number": number, "names": sorted(names)} for number, names in reversed(_names(machine).items())
        ],
        past=[
            {"change": change["change"], "generation": change["generation"]}
            for change in changes(machine)
            if change["result"] == DONE and change["change"]
        ],
    )


def _last_change(machine: Machine) -> tuple[str, int]:
    """The name of the change that made what is installed now, and the generation that was here before it.

    A change that has not ended, or whose units did not all come up, lies over what is current. The name is
    empty if the history does not have it.
    """
    current = linked(machine, CURRENT)
    if pending := Pending.on(machine):
        return pending.change, pending.before or 0
    if Installed.on(machine).generation != current:
        return _name(each for each in changes(machine) if each["result"] == INCOMPLETE), current
    done = [each for each in changes(machine) if each["result"] == DONE]
    since = [*takewhile(lambda each: each["generation"] == current, done)]  # later ones have found it here
    return _name(reversed(since)), linked(machine, PREVIOUS)


def _name(entries: Iterable[Mapping[str, object]]) -> str:
    return next((str(each["change"]) for each in entries), "")


def _names(machine: Machine) -> dict[int, set[str]]:
    """Generation → its name, and those of later pushes that have found it here already."""
    names: dict[int, set[str]] = {number: set() for number in generations(machine)}
    past = changes(machine)
    for kept in kept_generations(machine):
        later = {str(change["name"]) for change in past if change["generation"] == kept.number}
        names[kept.number] = {kept.about.name, *later} - {""}
    return names


def report_history(machine: Machine, pusher: Pusher, request: Mapping[str, Any]) -> int:
    """Report the newest changes, as many as are requested, and what is kept."""
    report_kept(machine, pusher)
    pusher.send("history", changes=changes(machine)[: request["newest"]])
    return 0
