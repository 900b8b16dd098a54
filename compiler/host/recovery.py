"""Finishes or undoes, early in a boot, a change that a power cut or a reboot has interrupted.

Files are put back before any unit of a bundle starts, so that this boot starts one generation and no mixture.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection

from .commit import tidy, wanted_by
from .disk import place_link, write
from .engine import delete_containers
from .install import install
from .layout import HOME, PROGRAM, RECOVERY, RECOVERY_LINK
from .lock import locked
from .machine import Machine, require
from .pending import Pending
from .revert import conclude, way_back
from .systemd import control
from .transaction import Transaction
from .wire import RefusedError, Unattended

UNIT = f"""\
[Unit]
Description=heatsink: finish or undo a change that was interrupted
DefaultDependencies=no
ConditionPathExists={HOME}/pending
RequiresMountsFor={HOME} {PROGRAM}
After=local-fs.target
Before=sysinit.target systemd-networkd.service shutdown.target
Conflicts=shutdown.target

[Service]
Type=oneshot
ExecStart=/usr/bin/env python3 -IBS {PROGRAM} recover
TimeoutStartSec=300
"""


def write_recovery_unit(machine: Machine) -> None:
    """Install and enable the unit that runs this at boot. systemd reads it then."""
    path = machine.path(RECOVERY)
    if not path.is_file() or path.read_text(errors="replace") != UNIT:
        write(path, UNIT.encode(), 0o644)
    link, target = machine.path(RECOVERY_LINK), "../heatsink-recovery.service"
    if not link.is_symlink() or str(link.readlink()) != target:
        place_link(link, target)


def recover(machine: Machine) -> int:
    """Put the files of one generation in their places; this boot then starts their units."""
    with locked(machine, "the boot"):
        tidy(machine, Unattended())
        pending = Pending.on(machine)
        if pending:
            why = pending.why or "the host was rebooted before it was confirmed"
            _put_back(way_back(machine, Unattended(), pending), pending._replace(why=why))
    return 0


def _delete_containers(machine: Machine, pending: Pending, leaving: Collection[str]) -> None:
    """Delete the containers of units that leave: docker keeps what was there when the power was lost."""
    with contextlib.suppress(RefusedError, OSError):  # of a damaged generation: the way back does without it
        new = wanted_by(machine, pending.wanted)
        names = [unit.container for unit in new.units if unit.name in leaving and unit.container]
        if names:
            delete_containers(machine, new.engine, names)


def _put_back(change: Transaction, pending: Pending) -> None:
    machine, wanted, plan = change.machine, change.wanted, change.plan
    leaving = plan.stops_before
    install(change._replace(plan=plan._replace(stops=(), starts=())))
    if leaving:  # they are about to be started, if they are not gone
        control(machine, "stop", leaving, waits=False)
        _delete_containers(machine, pending, leaving)
    for unit in wanted.services:  # nothing ran before: this boot starts them all with what is installed now
        change.installed.units[unit.name] = plan.hashes[unit.name]
    change.installed.save(machine)
    conclude(change, pending)
    if wanted.units:
        done = control(machine, "start", ("heatsink.target",), waits=False)
        require(done, "`heatsink.target` cannot be started")
