"""The requests that change the host: push, rollback, remove; and where each request is answered."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from .activation import activate
from .blend import only
from .commit import tidy
from .comparison import compare
from .disk import remove_tree
from .engine import check_engine
from .held import report_secrets
from .installed import Installed
from .kept import report_history, report_kept
from .lock import locked
from .machine import Machine
from .ownership import check_manifest, check_ownership, check_project
from .recovery import recover
from .revert import revert_unattended
from .staging import check_units, stage
from .status import status
from .store import About, Generation, generation, generations
from .tmpfiles import check_tmpfiles
from .wire import Pusher, RefusedError


def push(machine: Machine, pusher: Pusher, request: Mapping[str, Any]) -> int:
    """Receive a bundle and activate it; with `dry` only report what would change."""
    raw = pusher.payload(request["size"])
    about = About(hashlib.sha256(raw).hexdigest(), request["name"], request["by"], request["source"])
    wanted = Generation.of(raw, request["secrets"], about)
    with locked(machine, request["by"]):
        tidy(machine, pusher)
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
            remove_tree(machine.path(wanted.folder))  # refused, failed, or a dry run


def rollback(machine: Machine, pusher: Pusher, request: Mapping[str, Any]) -> int:
    """Activate a kept generation, which the pusher chooses of those that it is told; none with 0."""
    with locked(machine, request["by"]):
        tidy(machine, pusher)
        report_kept(machine, pusher)
        number = pusher.receive()["to"]
        if not number:
            return 0
        numbers = generations(machine)
        if number not in numbers:
            raise RefusedError(
                f"there is no generation {number} on this host",
                hint=f"available generations: {', '.join(map(str, numbers)) or 'none'}",
            )
        kept = generation(machine, number)
        _check_host(machine, kept, request)
        return activate(machine, pusher, kept, request)


def remove(machine: Machine, pusher: Pusher, request: Mapping[str, Any]) -> int:
    """Take everything off this host that heatsink has put there; volumes only with `volumes`."""
    with locked(machine, request["by"]):
        tidy(machine, pusher)
        installed = Installed.on(machine)
        check_project(installed, request["project"], request["taken_over"])
        return activate(machine, pusher, Generation.nothing(installed.engine), request)


def _check_host(machine: Machine, wanted: Generation, request: Mapping[str, Any]) -> None:
    """Refuse a host, with nothing changed, that is another project's or has other things in the way."""
    installed = Installed.on(machine)
    check_project(installed, request["project"], request["taken_over"])
    check_ownership(machine, wanted, installed)


# Requests of a pusher.
VERBS = {
    "push": push,
    "rollback": rollback,
    "remove": remove,
    "status": status,
    "history": report_history,
    "diff": compare,
    "secrets": report_secrets,
}
UNATTENDED = {"revert": revert_unattended, "recover": recover}  # of the revert timer, of the boot
