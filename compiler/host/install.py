"""Installs the files of a generation."""

from __future__ import annotations

from collections.abc import Sequence

from .disk import flush_each, put_link
from .etc_hosts import place_hosts
from .files import missing_folders, remove_files, remove_unfinished, write_files
from .images import restore_tags
from .jobs import REMOVED
from .layout import MAY_FAIL, PREPARATIONS, SUMMARY, is_preparation
from .machine import Machine, relabel, require
from .manifest import File, Link
from .networks import reload_networks, stale_links
from .space import check_space
from .surprises import came_up_with_old_files
from .systemd import reload, reset_failed
from .taken import give_back, keep_originals
from .transaction import Transaction
from .wire import counted

IN_ORDER = 20  # seconds for which units stop in the order of their steps


def install(change: Transaction) -> None:
    """Stop units that leave, install and remove files, and have systemd read its own that changed."""
    machine, plan, installed = change.machine, change.plan, change.installed
    machine.path(SUMMARY).unlink(missing_ok=True)
    remove_unfinished(machine, {*installed.files, *installed.links, *plan.written})
    check_space(machine, {file.path: file.size for file in plan.writes})
    keep_originals(machine, change.wanted.manifest, installed)
    installed.announce(
        machine,
        change.wanted,
        missing_folders(machine, plan.written),
        stale_links(machine, plan),
        reload=plan.rereads,
        reload_networks=plan.rewires,
    )
    _stop(change)
    restore_tags(machine, change.wanted)
    _prepare(change)
    write_files(machine, change.wanted, [file for file in plan.writes if not is_preparation(file.path)])
    _place_links(machine, plan.links)
    returned = give_back(machine, change.wanted.manifest, installed)
    removals = [path for path in plan.removals if path not in returned]
    installed.folders = remove_files(machine, removals, installed.folders)
    place_hosts(machine, change.wanted)
    relabel(machine, plan.written)
    reload_networks(change)
    _reload(change)
    installed.record(machine, change.wanted)


def _place_links(machine: Machine, links: Sequence[Link]) -> None:
    for link in links:
        put_link(machine.path(link.path), link.target)
    flush_each(machine, {machine.path(link.path).parent for link in links})


def _stop(change: Transaction) -> None:
    if stops := [*change.plan.stops_before, *came_up_with_old_files(change)]:
        change.pusher.send("progress", text=f"stopping {counted(len(stops), 'unit')}")
        if not change.wanted.units:
            _stop_by_steps(change, stops)
        change.control("stop", stops)
    _forget_runs(change)


def _stop_by_steps(change: Transaction, stops: Sequence[str]) -> None:
    """Stop the units of all steps, those of the last one first, and what is not down before long all at once.

    A service hangs whose database stops with it, but one that ignores SIGTERM does not hold up all others.
    """
    change.control("stop", stops, limit=IN_ORDER)
    change.control("stop", stops, mode="ignore-dependencies", waits=False)


def _forget_runs(change: Transaction) -> None:
    """Let systemd forget when timers that leave have last started what they start: if they return, nothing of
    the meantime is made up for."""
    leaving = (stop.name for stop in change.plan.stops if stop.why == REMOVED)
    if timers := [name for name in leaving if name.endswith(".timer")]:
        change.machine.run(("systemctl", "clean", "--what=state", *timers), limit=change.timeout)


def _reload(change: Transaction) -> None:
    if change.installed.reload:
        require(reload(change.machine, change.timeout), "`systemctl daemon-reload` failed")
        change.installed.reload = False
    if change.plan.stops_before:
        reset_failed(change.machine, change.plan.stops_before)


def _prepare(change: Transaction) -> None:
    """Install the files that prepare the host, and apply those that are not applied yet."""
    preparations = [file for file in change.plan.writes if is_preparation(file.path)]
    write_files(change.machine, change.wanted, preparations)
    for folder, command in PREPARATIONS:
        for file in change.wanted.files:
            if file.path.startswith(folder) and change.installed.prepared.get(file.path) != file.sha256:
                _apply(change, file, command, may_fail=folder in MAY_FAIL)


def _apply(change: Transaction, file: File, command: Sequence[str], *, may_fail: bool) -> None:
    done = change.machine.run((*command, str(change.machine.path(file.path))), limit=change.timeout)
    if done.returncode and may_fail:
        lines = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        change.pusher.send("warning", text=f"{file.path}: {'; '.join(lines)}")
    else:
        require(done, f"`{file.path}` cannot be applied")
    change.installed.prepared[file.path] = file.sha256
    change.installed.save(change.machine)
