"""What lies between two generations that are kept here; nothing is changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .causes import causes
from .contents import ALL_TEXTS, LONGEST_TEXT, content
from .installed import Installed
from .jobs import UnitsBefore
from .kept import report_kept
from .machine import Machine
from .manifest import File, Link, names_of
from .needs import Needs
from .plan import Observed, Plan, make_plan
from .report import report
from .store import Generation, generation, salt_of
from .units import dependents
from .wire import Pusher


def compare(machine: Machine, pusher: Pusher, _: Mapping[str, Any]) -> int:
    """Report the plan from one kept generation, all of it up, to another, and the texts that change."""
    report_kept(machine, pusher)
    chosen = pusher.receive()
    before, after = (generation(machine, chosen[side]) for side in ("before", "after"))
    installed = _installed(machine, before)
    plan = _plan(machine, before, after, installed)
    fields = report(machine, plan, Needs((), ()), after, installed, {"project": installed.project})
    paths = _shown(before, after, plan)
    pusher.send(
        "comparison",
        plan={**fields, "consents": [], "texts": _texts(machine, before, paths)},
        texts=_texts(machine, after, paths),
    )
    return 0


def _installed(machine: Machine, kept: Generation) -> Installed:
    """The record that a host has on which this generation came up."""
    record = Installed()
    record.generation = kept.number
    record.engine = kept.engine
    record.files = [file.path for file in kept.files]
    record.links = [link.path for link in kept.links]
    record.units = {**dict.fromkeys(names_of(kept.units), ""), **kept.hashes(salt_of(machine))}
    return record


def _plan(machine: Machine, before: Generation, after: Generation, installed: Installed) -> Plan:
    salt = salt_of(machine)
    files = {file.path: _content(machine, file, before) for file in before.files}
    links = {link.path: link for link in before.links}
    observed = Observed(
        differing=[file for file in after.files if files.get(file.path) != _content(machine, file, after)],
        misplaced=[link for link in after.links if links.get(link.path) != link],
        units=_units(machine, before, after, installed, salt),
        absent=frozenset(_paths(after.files, after.links) - _paths(before.files, before.links)),
        jobs=frozenset(unit.name for unit in before.units if unit.runs_once),
    )
    return make_plan(after, installed, observed, salt)


def _content(machine: Machine, file: File, kept: Generation) -> tuple[File, bytes]:
    """What a file is compared by: its digest, mode and owner, and with secrets its content too."""
    return file, kept.content(machine, file) if file.sensitive else b""


def _paths(files: Sequence[File], links: Sequence[Link]) -> set[str]:
    return {file.path for file in files} | {link.path for link in links}


def _units(
    machine: Machine, before: Generation, after: Generation, installed: Installed, salt: str
) -> UnitsBefore:
    """All units of the one generation, up; what stops with what is asked of the systemd that runs."""
    up = frozenset(names_of(before.services))
    return UnitsBefore(
        up=up,
        running=up,
        dependents=dependents(machine, {*installed.units, *names_of(after.units)}),
        causes=causes(machine, after, installed, salt),
    )


def _shown(before: Generation, after: Generation, plan: Plan) -> list[str]:
    """The changed files that may be shown: small ones that have no secrets in either generation."""
    sizes = {file.path: file.size for file in before.files}
    private = {file.path for kept in (before, after) for file in kept.files if file.sensitive}
    return [
        file.path
        for file in plan.writes
        if file.path in sizes
        and file.path not in private
        and max(file.size, sizes[file.path]) <= LONGEST_TEXT
    ]


def _texts(machine: Machine, kept: Generation, paths: Sequence[str]) -> dict[str, str]:
    """Path → what is in a file of a generation, as far as there is room."""
    shown: dict[str, str] = {}
    rest = ALL_TEXTS
    for path in paths:
        text = (content(machine, kept, path) or b"").decode(errors="replace")
        if len(text) <= rest:
            rest -= len(text)
            shown[path] = text
    return shown
