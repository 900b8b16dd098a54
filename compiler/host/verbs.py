"""The requests: push, rollback, remove, status, secrets."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from .activation import activate
from .blend import only
from .commit import tidy
from .disk import remove_tree
from .engine import check_engine
from .health import Health, healths_of
from .held import certificates, report_secrets
from .installed import Installed
from .layout import CURRENT, PREVIOUS
from .lock import locked
from .machine import Machine
from .manifest import Unit, names_of
from .ownership import check_manifest, check_ownership, check_project
from .recovery import recover
from .revert import revert_unattended
from .staging import check_units, stage
from .store import About, Generation, generation, generations, linked
from .tmpfiles import check_tmpfiles
from .units import UnitState, is_up, unit_states
from .wire import Pusher, RefusedError


def push(machine: Machine, pusher: Pusher, request: Mapping[str, Any]) -> int:
    """Receive a bundle and activate it; with `dry` only report what would change."""
    raw = pusher.payload(request["size"])
    about = About(hashlib.sha256(raw).hexdigest(), request["name"], request["by"], request["source"])
    wanted = Generation.of(raw, request["secrets"], about)
    with locked(machine, request["by"]):
        tidy(machine)
        check_manifest(wanted.manifest)
        check_engine(machine, wanted)
        _check_host(machine, wanted, request)
        if request["services"]:
            wanted = only(machine, wanted, request["services"])
        staged = stage(machine, pusher, wanted)
        try:
            check_tmpfiles(machine, staged)
            check_units(machine, staged)
            return activate(machine, pusher, staged, request)
        finally:
            if machine.path(wanted.folder).exists():  # refused, failed, or a dry run
                remove_tree(machine.path(wanted.folder))


def rollback(machine: Machine, pusher: Pusher, request: Mapping[str, Any]) -> int:
    """Activate a kept generation: `to`, or the last one that came up before what is installed now."""
    with locked(machine, request["by"]):
        tidy(machine)
        number = request["to"] or _previous_number(machine)
        numbers = generations(machine)
        if number not in numbers:
            available = ", ".join(map(str, numbers)) or "none"
            raise RefusedError(
                f"there is no generation {number} on this host"
                if number
                else "there is no earlier generation",
                hint=f"available generations: {available}",
            )
        kept = generation(machine, number)
        _check_host(machine, kept, request)
        return activate(machine, pusher, kept, request)


def remove(machine: Machine, pusher: Pusher, request: Mapping[str, Any]) -> int:
    """Take everything off this host that heatsink has put there; its volumes stay."""
    with locked(machine, request["by"]):
        tidy(machine)
        installed = Installed.on(machine)
        check_project(installed, request["project"], request["taken_over"])
        return activate(machine, pusher, Generation.nothing(installed.engine), request)


def _check_host(machine: Machine, wanted: Generation, request: Mapping[str, Any]) -> None:
    """Refuse a host, with nothing changed, that is another project's or has other things in the way."""
    installed = Installed.on(machine)
    check_project(installed, request["project"], request["taken_over"])
    check_ownership(machine, wanted, installed)


def _previous_number(machine: Machine) -> int:
    current = linked(machine, CURRENT)
    return current if Installed.on(machine).generation != current else linked(machine, PREVIOUS)


def status(machine: Machine, pusher: Pusher, _: Mapping[str, Any]) -> int:
    """Report the state of every unit of the installed generation."""
    number = Installed.on(machine).generation
    if not number:
        pusher.send("status", generation=0, current=0, units=[], certificates={})
        return 0
    wanted = generation(machine, number)
    states = unit_states(machine, names_of(wanted.services))
    healths = healths_of(machine, wanted.engine, [unit for unit in wanted.services if unit.health])
    pusher.send(
        "status",
        generation=number,
        current=linked(machine, CURRENT),
        units=[_report(machine, unit, states[unit.name], healths) for unit in wanted.services],
        certificates=certificates(wanted),
    )
    return 0


def _report(
    machine: Machine, unit: Unit, state: UnitState, healths: Mapping[str, Health]
) -> dict[str, object]:
    health = healths.get(unit.container, Health()).status
    up = is_up(machine, unit, state) and health != "unhealthy"
    return {
        "service": unit.service,
        "unit": unit.name,
        "container": unit.container,
        "step": unit.step,
        "up": up,
        "state": "done" if up and unit.runs_once else state.words,
        "since": state.since,
        "restarts": state.restarts,
        "health": health,
    }


# Requests of a pusher.
VERBS = {
    "push": push,
    "rollback": rollback,
    "remove": remove,
    "status": status,
    "secrets": report_secrets,
}
UNATTENDED = {"revert": revert_unattended, "recover": recover}  # of the revert timer, of the boot
