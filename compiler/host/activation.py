"""Activates a generation: plan, pull, install, start step by step, have it confirmed, make it current.

What the plan is, the pusher hears before anything is pulled: it may want to ask, and a pull can take minutes.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from typing import Any

from . import history
from .commit import abandon, commit
from .images import kept_images, obtain, record_generation
from .install import install
from .installed import Installed
from .journal import masked
from .kernel import lacking_modules
from .loading import Sent
from .machine import Machine
from .needs import Needs, needs_of
from .networks import hindrances
from .pending import Pending, before_change, confirm, is_confirmed, seal
from .plan import make_plan, observe
from .ports import held_ports
from .recovery import write_recovery_unit
from .report import changed, report
from .revert import revert
from .revert_timer import RevertTimer
from .steps import Result, bring_up, settle, start_targets
from .store import About, Generation, keep, salt_of
from .transaction import Transaction
from .units import check_steps
from .volumes import make_volumes
from .wire import Pusher, PusherLeft, RefusedError


def activate(machine: Machine, pusher: Pusher, wanted: Generation, request: Mapping[str, Any]) -> int:
    """Activate a generation and return the exit status; with `dry` in the request only report the plan."""
    check_steps(wanted.services, request["steps"])
    installed = Installed.on(machine)
    salt = salt_of(machine)
    observed = observe(machine, wanted, installed, salt)
    _check_prerequisites(machine, wanted, observed.units.running)
    plan = make_plan(wanted, installed, observed, salt)
    destroys = request.get("volumes", False)
    needs = needs_of(machine, wanted, plan.images, kept_images(machine, wanted), destroys=destroys)
    reported = report(machine, plan, needs, wanted, installed, request)
    if request.get("dry"):
        pusher.send("plan", **reported)
        return 0
    if installed.is_rebuilt:
        pusher.send("warning", text="the record of what is installed was damaged: every unit starts anew")
    pusher.send("ready", **reported)
    ids = _obtain_images(machine, pusher, wanted, needs, request["pull_within"])
    pusher.wait_for_release("install")
    make_volumes(machine, wanted.engine, needs.volumes)
    kept = keep(machine, wanted)
    record_generation(machine, kept, ids, installed.generation)
    parts = {"plan": reported["digest"], "changed": changed(plan), "destroyed": needs.destroyed}
    pending = _begin(machine, pusher, installed, kept, {**request, **parts})
    return _carry_out(Transaction(machine, pusher, kept, plan, installed, pending.timeout), pending, request)


def _check_prerequisites(machine: Machine, wanted: Generation, running: Collection[str]) -> None:
    """Refuse a host that lacks what a bundle needs."""
    problems = [
        *lacking_modules(machine, wanted),
        *held_ports(machine, wanted, running),
        *hindrances(machine, wanted),
    ]
    if problems:
        raise RefusedError(
            "\n  ".join(("this host cannot run the bundle:", *problems)),
            "stop what is in the way, or change the ports, `kernel_modules` or `networkd` of the service",
        )


def _obtain_images(
    machine: Machine, pusher: Pusher, wanted: Generation, needs: Needs, limit: float
) -> Mapping[str, str]:
    """Load or pull images when the pusher lets us; reference → id, of those that are there too."""
    if not needs.images:
        return needs.present.known
    sent = Sent.of(pusher.wait_for_release("pull"))
    pulled = obtain(machine, pusher, wanted, needs.images, sent, limit, before=needs.present.ids)
    pusher.send("pulled")
    return {**needs.present.known, **pulled}


def _begin(
    machine: Machine, pusher: Pusher, installed: Installed, wanted: Generation, request: Mapping[str, Any]
) -> Pending:
    """Record the change and arm the revert timer. A change that has not ended is taken over: its way back is
    ours."""
    earlier = Pending.on(machine)
    if earlier:
        earlier._replace(why="another change took over").ended(machine, history.INCOMPLETE)
    is_push = request["do"] == "push"  # of a bundle that may be kept here already, from an earlier one
    origin = About(name=request["name"], source=request["source"]) if is_push else wanted.about
    pending = Pending(
        wanted=wanted.number,
        before=earlier.before if earlier else before_change(machine, installed),
        by=request["by"],
        action=request["do"],
        started=int(time.time()),
        timeout=request["timeout"],
        confirm_within=request["confirm_within"],
        keep_newest=request["keep_newest"],
        project=request["project"],
        change=request["name"],
        name=origin.name,
        source=origin.source,
        plan=request["plan"],
        changed=request["changed"],
        destroyed=request["destroyed"],
    )
    write_recovery_unit(machine)
    pending.save(machine)
    timer = RevertTimer(machine, pending.confirm_within)
    timer.arm()
    pusher.when_heard.append(timer.put_off)
    return pending


def _carry_out(change: Transaction, pending: Pending, request: Mapping[str, Any]) -> int:
    try:
        failed = _install_and_start(change, request)
    except (RefusedError, OSError) as error:
        refusal = RefusedError.of(error)
        why = masked(str(refusal), change.wanted.secrets)
        aftermath = _after_error(change, pending._replace(why=why))
        raise RefusedError(f"{refusal}\n{aftermath}", refusal.hint) from None
    if failed:
        step, result = failed
        names = ", ".join(failure.unit for failure in result.failed)
        ending = pending._replace(why=f"did not come up: {names}")
        aftermath = _after_failure(change, ending, stays=request["keep_failed"])
        _report(change.pusher, step, result, aftermath)
        return 1
    _await_confirmation(change, pending, by_connection=request["confirm"])
    commit(change.machine, change.pusher, change.wanted, pending)
    change.pusher.send("done", generation=change.wanted.number)
    return 0


def _install_and_start(change: Transaction, request: Mapping[str, Any]) -> tuple[int, Result] | None:
    """Install and start everything; the step that failed, and how, or None."""
    pusher, plan = change.pusher, change.plan
    install(change)
    pusher.send("installed", written=len(plan.written), removed=len(plan.removals))
    anything_started = False
    for step in request["steps"]:
        pusher.wait_for_release(step)
        result = bring_up(change, step, is_last=step == request["steps"][-1])
        if result.failed:
            return step, result
        _report(pusher, step, result)
        anything_started = anything_started or bool(result.started)
    pusher.wait_for_release("finish")
    states = start_targets(change)
    if not anything_started:
        return None
    result = settle(change, request["settle"], states)
    return (0, result) if result.failed else None


def _report(pusher: Pusher, step: int, result: Result, aftermath: str = "") -> None:
    pusher.send("step", step=step, aftermath=aftermath, **result.row)


def _await_confirmation(change: Transaction, pending: Pending, *, by_connection: bool) -> None:
    """Wait until the pusher has confirmed the change over a new connection, and says so."""
    machine, pusher = change.machine, change.pusher
    if not by_connection:
        confirm(machine)
    pusher.send("unconfirmed", seal=seal(machine), generation=change.wanted.number)
    try:
        go = pusher.receive().get("go")
    except PusherLeft:
        go = "nothing"
    if is_confirmed(machine):  # even if the first connection was lost since
        return
    if go == "revert":
        why = "the change was not confirmed"
        raise RefusedError(f"{why}\n{_return(change, pending._replace(why=why))}")
    raise PusherLeft


def _after_failure(change: Transaction, pending: Pending, *, stays: bool) -> str:
    """What becomes of the host when a unit did not come up."""
    if stays or not pending.before:
        abandon(change.machine, pending)
        return "the host is left as it is" if stays else "there is no earlier generation: what came up stays"
    return _return(change, pending)


def _after_error(change: Transaction, pending: Pending) -> str:
    """What becomes of the host when the generation cannot be installed."""
    if pending.before is None:
        abandon(change.machine, pending)
        return "there is no earlier generation that is whole: the host is left as it is"
    return _return(change, pending)


def _return(change: Transaction, pending: Pending) -> str:
    name = f"generation {pending.before}" if pending.before else "what it was before the first push"
    change.pusher.send("progress", text=f"returning to {name}")
    try:
        failures = revert(change.machine, change.pusher, pending)
    except (RefusedError, OSError) as error:
        return f"it cannot return to {name} yet, and tries again by itself: {RefusedError.of(error)}"
    return "\n".join((f"the host has returned to {name}", *failures))
