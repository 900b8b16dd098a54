"""Returns the host from a change that was not confirmed to the earlier generation.

Where there is none to return to, because an earlier push was left incomplete, the change is finished instead:
its generation is on the host.
"""

from __future__ import annotations

from . import history
from .commit import commit, end, tidy, wanted_by
from .install import install
from .installed import Installed
from .lock import locked
from .machine import Machine
from .pending import Pending, confirm
from .plan import make_plan, observe
from .revert_timer import disarm
from .steps import bring_up, start_targets
from .store import clean_stamps, salt_of, write_summary
from .transaction import Transaction
from .wire import Pusher, Unattended


def revert(machine: Machine, pusher: Pusher, pending: Pending) -> list[str]:
    """Return to the earlier generation; what did not come up of it.

    Raises RefusedError or OSError if that is not possible now; the revert timer tries it again.
    """
    pending._replace(reverting=True).save(machine)
    change = way_back(machine, pusher, pending)
    install(change)
    steps = sorted({unit.step for unit in change.wanted.units})
    results = [bring_up(change, step, is_last=step == steps[-1]) for step in steps]
    start_targets(change)
    conclude(change, pending)
    failed = [failure for result in results for failure in result.failed]
    return [f"`{failure.unit}` did not come up: {failure.why}" for failure in failed]


def way_back(machine: Machine, pusher: Pusher, pending: Pending) -> Transaction:
    """The change that leads back, or to the end where there is nothing to return to."""
    installed = Installed.on(machine)
    number = pending.wanted if pending.before is None else pending.before
    wanted, salt = wanted_by(machine, number), salt_of(machine)
    plan = make_plan(wanted, installed, observe(machine, wanted, installed, salt), salt)
    return Transaction(machine, pusher, wanted, plan, installed, pending.timeout)


def conclude(change: Transaction, pending: Pending) -> None:
    """The host is where the way back leads."""
    machine, wanted = change.machine, change.wanted
    if pending.before is None:
        confirm(machine)
        commit(machine, change.pusher, wanted, pending)
        return
    clean_stamps(machine, wanted)
    if wanted.number:
        write_summary(machine, wanted, salt_of(machine), change.installed.project)
    pending.ended(machine, history.REVERTED)
    end(machine)


def revert_unattended(machine: Machine) -> int:
    """What the revert timer runs: return, unless a pusher is at work, who then has an own timer."""
    with locked(machine, "the revert timer", patience=0):
        tidy(machine, Unattended())
        pending = Pending.on(machine)
        if pending is None:
            disarm(machine)
            return 0
        why = pending.why or "the pusher was not heard"
        return 1 if revert(machine, Unattended(), pending._replace(why=why)) else 0
