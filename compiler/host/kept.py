"""Tells a pusher which generations are kept here, to choose from, and what was done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .history import DONE, changes
from .layout import CURRENT, PREVIOUS
from .machine import Machine
from .store import generations, kept_generations, linked
from .wire import Pusher


def report_kept(machine: Machine, pusher: Pusher) -> None:
    """Report the generations that are kept here, newest first; one that is damaged has no name."""
    pusher.send(
        "kept",
        current=linked(machine, CURRENT),
        previous=linked(machine, PREVIOUS),
        generations=[
            {"number": number, "names": sorted(names)} for number, names in reversed(_names(machine).items())
        ],
        past=[
            {"change": change["change"], "generation": change["generation"]}
            for change in changes(machine)
            if change["result"] == DONE and change["change"]
        ],
    )


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
