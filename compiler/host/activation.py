"""Activates a generation: plan, pull, install, start step by step, make it current."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from .engine import make_volumes, pull
from .install import install
from .installed import Installed
from .machine import Machine
from .plan import make_plan, observe
from .steps import Result, bring_up, settle, start_targets
from .store import Generation, clean_stamps, collect_garbage, keep, salt_of, switch, write_summary
from .transaction import Transaction
from .wire import Pusher


def activate(machine: Machine, pusher: Pusher, wanted: Generation, request: Mapping[str, Any]) -> int:
    """Activate a generation and return the exit status; with `dry` in the request only report the plan."""
    installed = Installed.on(machine)
    plan = make_plan(wanted, installed, observe(machine, wanted, installed), salt_of(machine))
    if request.get("dry"):
        pusher.send("plan", **plan.summary())
        return 0
    pull(machine, pusher, wanted, plan.images)
    pusher.send("ready", **plan.summary())
    pusher.wait_for_release("install")
    make_volumes(machine, wanted)
    kept = keep(machine, wanted)
    return _carry_out(Transaction(machine, pusher, kept, plan, installed, request["timeout"]), request)


def _carry_out(change: Transaction, request: Mapping[str, Any]) -> int:
    pusher, plan = change.pusher, change.plan
    install(change)
    pusher.send("installed", written=len(plan.written), removed=len(plan.removals))
    anything_started = False
    for step in request["steps"]:
        pusher.wait_for_release(step)
        result = bring_up(change, step)
        _report(pusher, step, result)
        if result.failed:
            return 1
        anything_started = anything_started or bool(result.started)
    pusher.wait_for_release("finish")
    start_targets(change)
    if anything_started:
        result = settle(change, request["settle"])
        if result.failed:
            _report(pusher, 0, result)
            return 1
    _make_current(change)
    pusher.send("done", generation=change.wanted.number)
    return 0


def _report(pusher: Pusher, step: int, result: Result) -> None:
    pusher.send("step", step=step, **dataclasses.asdict(result))


def _make_current(change: Transaction) -> None:
    clean_stamps(change.machine, change.wanted)
    switch(change.machine, change.wanted.number)
    write_summary(change.machine, change.wanted, salt_of(change.machine))
    collect_garbage(change.machine)
