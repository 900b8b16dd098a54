"""How a plan is reported to the pusher, for a dry run as before a push."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from .contents import texts_before
from .installed import Installed
from .jobs import Start, Stop
from .machine import Machine
from .needs import Needs
from .plan import Plan
from .store import Generation, salt_of

MOST_NAMES, LONGEST_NAME = 10, 200  # of each kind, in characters, that the history has


def report(
    machine: Machine,
    plan: Plan,
    needs: Needs,
    wanted: Generation,
    installed: Installed,
    request: Mapping[str, Any],
) -> dict[str, object]:
    """The fields of the plan.

    `digest` changes with anything that the plan depends on or does; values of the secrets in `made` do not
    count, because they are made anew for each plan. `texts` is what is in files now, if `diff` is requested.
    """
    fields = {
        **_fields(plan),
        "consents": _rows(_consents(plan, installed, request["project"])),
        "irreversible": _rows([*plan.irreversible, *(("destroys", name) for name in needs.destroyed)]),
    }
    blank = wanted._replace(secrets={**wanted.secrets, **dict.fromkeys(request.get("made", ()), "")})
    basis = [vars(installed), fields, blank.hashes(salt_of(machine)), wanted.raw.decode()]
    changed = [file.path for file in plan.writes if file.path not in plan.added]
    return {
        **fields,
        "pulls": list(needs.images),
        "volumes": list(needs.volumes),
        "digest": hashlib.sha256(json.dumps(basis, sort_keys=True).encode()).hexdigest(),
        "texts": texts_before(machine, wanted, changed) if request.get("diff") else {},
    }


def changed(plan: Plan) -> list[dict[str, object]]:
    """What the history has of a plan: how many files and units, and the names of the first."""
    names: dict[str, list[str]] = {
        "written": plan.written,
        "removed": list(plan.removals),
        "started": [start.name for start in plan.starts],
        "stopped": [stop.name for stop in plan.stops],
    }
    return [
        {"what": what, "count": len(each), "names": [name[:LONGEST_NAME] for name in each[:MOST_NAMES]]}
        for what, each in names.items()
    ]


def _fields(plan: Plan) -> dict[str, object]:
    """What changes: paths, the names of units, and for each unit a row with step, reason and causes."""
    jobs: list[Stop | Start] = [*plan.stops, *plan.starts]
    return {
        "writes": plan.written,
        "added": list(plan.added),
        "private": [file.path for file in plan.writes if file.sensitive],
        "removals": list(plan.removals),
        "stops": [stop.name for stop in plan.stops],
        "starts": [start.name for start in plan.starts],
        "units": [job.row for job in jobs],
        "untouched": list(plan.untouched),
    }


def _consents(plan: Plan, installed: Installed, project: str) -> list[tuple[str, str]]:
    """What an operator has to agree to: services that are removed, a host that another project has."""
    taken = [installed.project] if installed.project not in ("", project) else []
    return [*(("takes", owner) for owner in taken), *(("removes", name) for name in plan.leaving)]


def _rows(pairs: list[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"what": what, "name": name} for what, name in pairs]
