"""The end of a change: the wanted generation becomes the current one, or the host stays as it is."""

from __future__ import annotations

import os

from . import history
from .disk import remove_tree
from .images import collect_images, delete_images
from .installed import Installed
from .layout import CONFIRMED, HOME, LOCK, PENDING, PROGRAM, RECOVERY, RECOVERY_LINK
from .machine import Machine
from .pending import Pending, forget, is_confirmed
from .revert_timer import disarm
from .store import (
    Generation,
    clean_stamps,
    collect_garbage,
    generation,
    salt_of,
    sweep,
    switch,
    write_summary,
)
from .systemd import control, reload
from .volumes import destroy_volumes
from .wire import Pusher


def commit(machine: Machine, pusher: Pusher, wanted: Generation, pending: Pending) -> None:
    """Make a confirmed change current. Killed at any point, it is done again by whoever finds its record."""
    _claim(machine, pending)
    clean_stamps(machine, wanted)
    if wanted.number:
        switch(machine, wanted.number)
        write_summary(machine, wanted, salt_of(machine), Installed.on(machine).project)
    pending.ended(machine, history.DONE)
    if not wanted.number:
        delete_images(machine, pusher)
        destroy_volumes(machine, pusher, pending.destroyed)
        _forget_all(machine)
    end(machine)
    if wanted.number:
        collect_garbage(machine, pending.keep_newest)
        collect_images(machine, pusher)
    else:
        _leave(machine)


def _forget_all(machine: Machine) -> None:
    """Delete what heatsink knows of the host, but for the record of the change that does so."""
    keep = {machine.path(path) for path in (PENDING, CONFIRMED, LOCK)}
    for path in sorted({*machine.path(HOME).iterdir()} - keep):
        remove_tree(path)


def _leave(machine: Machine) -> None:
    """Delete what heatsink itself has on the host, this program too: nothing of a bundle is left."""
    for path in (RECOVERY_LINK, RECOVERY):
        remove_tree(machine.path(path))
    # Containers have made the slice. If somebody else uses it, they go on.
    control(machine, "stop", ("heatsink.slice",), mode="ignore-dependencies")
    reload(machine)
    for path in (HOME, os.path.dirname(PROGRAM)):  # noqa: PTH120 - of the host
        remove_tree(machine.path(path))


def tidy(machine: Machine, pusher: Pusher) -> None:
    """End what a killed program has left: a change that was confirmed but not made current, and files."""
    sweep(machine)
    pending = Pending.on(machine)
    if pending and is_confirmed(machine):
        commit(machine, pusher, wanted_by(machine, pending.wanted), pending)


def wanted_by(machine: Machine, number: int) -> Generation:
    """The generation of a number; 0 is nothing."""
    return generation(machine, number) if number else Generation.nothing(Installed.on(machine).engine)


def abandon(machine: Machine, pending: Pending) -> None:
    """Leave the host as it is: the next push continues from there."""
    _claim(machine, pending)
    pending.ended(machine, history.INCOMPLETE)
    end(machine)


def _claim(machine: Machine, pending: Pending) -> None:
    """The host belongs to the project whose change stays on it; a change without a name changes no owner."""
    installed = Installed.on(machine)
    if pending.project and pending.project != installed.project:
        installed.project = pending.project
        installed.save(machine)


def end(machine: Machine) -> None:
    """The change has ended: nobody has to finish or undo it."""
    forget(machine)
    disarm(machine)
