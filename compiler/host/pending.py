"""The change that is not confirmed yet. While its record is there, the host is on its way.

    written    before the first change
    removed    when the change is confirmed and current, or undone

Whoever finds it, a push, the revert timer or the next boot, returns the host to the generation `before`, or
finishes the change if it was confirmed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from . import history
from .disk import write
from .installed import Installed
from .layout import CONFIRMED, CURRENT, PENDING, PREVIOUS
from .machine import Machine
from .manifest import from_entry
from .sealed import DamagedError, seal_of, unsealed, write_sealed
from .store import generation, generations, linked
from .wire import RefusedError


class Pending(NamedTuple):
    """A change under way."""

    wanted: int  # generation; 0: nothing
    before: int | None  # generation to return to; 0: nothing was installed; None: there is none to return to
    by: str
    action: str  # push, rollback, remove
    started: int  # seconds since 1970
    timeout: float  # seconds that the units of a step may take to come up
    confirm_within: float  # seconds after which a pusher that is not heard has left
    keep_newest: int  # generations
    reverting: bool = False
    project: str = ""  # whose host it is after the change
    destroyed: Sequence[str] = ()  # volumes, when it is confirmed
    why: str = ""  # it is not done
    # What the history has of it, besides.
    change: str = ""
    name: str = ""
    source: str = ""
    plan: str = ""
    changed: Sequence[Mapping[str, object]] = ()

    @classmethod
    def on(cls, machine: Machine) -> Pending | None:
        """The change under way on this host; None if there is none.

        One whose record is damaged returns to what was current: it is written before everything else.
        """
        try:
            return from_entry(cls, unsealed(machine.path(PENDING).read_bytes()))
        except FileNotFoundError:
            return None
        except (DamagedError, TypeError, AttributeError):
            before = before_change(machine, Installed.on(machine))
            return cls(linked(machine, CURRENT), before, "unknown", "unknown", 0, 900.0, 60.0, 5)

    def save(self, machine: Machine) -> None:
        """Write the record to disk."""
        write_sealed(machine.path(PENDING), self._asdict())

    def ended(self, machine: Machine, result: str) -> None:
        """Add the change to the history."""
        history.record(
            machine,
            result,
            why=self.why,
            action=self.action,
            change=self.change,
            by=self.by,
            started=self.started,
            generation=self.wanted,
            name=self.name,
            source=self.source,
            plan=self.plan,
            changed=list(self.changed),
        )


def before_change(machine: Machine, installed: Installed) -> int | None:
    """The generation that a change starting now returns to."""
    if not (installed.generation or installed.files or installed.units):
        return 0
    kept = generations(machine)
    for number in (linked(machine, CURRENT), linked(machine, PREVIOUS)):
        if number in kept and _is_whole(machine, number):
            return number
    return None


def _is_whole(machine: Machine, number: int) -> bool:
    try:
        return generation(machine, number).is_whole(machine)
    except RefusedError:
        return False


def seal(machine: Machine) -> str:
    """What identifies the change under way: a confirmation repeats it."""
    return seal_of(machine.path(PENDING).read_bytes())


def is_confirmed(machine: Machine) -> bool:
    """Whether the change under way has been confirmed."""
    confirmed, pending = machine.path(CONFIRMED), machine.path(PENDING)
    return (
        confirmed.is_file()
        and pending.is_file()
        and confirmed.read_text(errors="replace").strip() == seal(machine)
    )


def confirm(machine: Machine) -> None:
    """Confirm the change under way, as the greeting does when it is asked over a new connection."""
    write(machine.path(CONFIRMED), f"{seal(machine)}\n".encode(), 0o600)


def forget(machine: Machine) -> None:
    """The change under way has ended."""
    machine.path(PENDING).unlink(missing_ok=True)
    machine.path(CONFIRMED).unlink(missing_ok=True)
