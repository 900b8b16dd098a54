"""The links of systemd-networkd: what is in the way of new ones, and what networkd is told when files change.

When networkd reloads it makes the links of new .netdev files, and leaves those of changed and removed files
alone: these are deleted here. A changed one is made anew.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from .layout import NETWORKS, defines_networks
from .machine import Machine, require
from .plan import Plan
from .store import Generation
from .systemd import active_states
from .transaction import Transaction

_NETWORKD = "systemd-networkd.service"
_BUS_NAME = "org.freedesktop.network1"
_NO_ANSWER = "Connection timed out"  # of the bus, after 25 seconds
_NAME = rb"(?m)^Name=(.+)$"  # of a link, and of the other end of a pair


def hindrances(machine: Machine, wanted: Generation) -> Iterator[str]:
    """What keeps networkd from making the links of a bundle: it does not run, or there is such a link."""
    if not any(defines_networks(file.path) for file in wanted.files):
        return
    if not _is_active(machine) or machine.run(("systemctl", "is-enabled", _NETWORKD)).returncode:
        yield "systemd-networkd is not enabled here, and has files in the bundle: enable it with `systemctl`"
    ours = _names(machine.path(NETWORKS).glob("*-heatsink-*.netdev"))
    for name in sorted(_wanted_links(machine, wanted) - ours):
        if _exists(machine, name):
            yield f"a link `{name}` exists already, and is not heatsink's"


def stale_links(machine: Machine, plan: Plan) -> set[str]:
    """The links that exist by files which change or leave."""
    return _names(map(machine.path, filter(_is_netdev, (*plan.written, *plan.removals))))


def reload_networks(change: Transaction) -> None:
    """Delete stale links, and let networkd read its files: if it does not run, it does when it starts."""
    machine, installed = change.machine, change.installed
    if not installed.reload_networks:
        return
    for name in (name for name in installed.stale_links if _exists(machine, name)):
        require(machine.run(("networkctl", "delete", name)), f"the link `{name}` cannot be deleted")
    if _is_active(machine):
        reloaded = machine.run(("networkctl", "reload"))
        if _NO_ANSWER in reloaded.stderr:  # asking again does no harm if it has reloaded
            reloaded = machine.run(("networkctl", "reload"))
        if _BUS_NAME in reloaded.stderr:  # networkd has lost a bus that started anew
            reloaded = machine.run(("systemctl", "restart", _NETWORKD))
        require(reloaded, "`networkctl reload` failed")
        _wait_for_links(change)
    installed.reload_networks, installed.stale_links = False, []


def _wait_for_links(change: Transaction) -> None:
    names = _wanted_links(change.machine, change.wanted)

    def missing() -> list[str]:
        return sorted(name for name in names if not _exists(change.machine, name))

    def made() -> bool:
        return change.pusher.wait_until(
            lambda: not missing(), lambda: f"waiting for the link `{missing()[0]}`"
        )

    if made():
        return
    # While networkd is busy with a deletion it may fail to make that link anew; a reload has it try again.
    change.machine.run(("networkctl", "reload"))
    if not made():
        for name in missing():
            change.pusher.send("warning", text=f"systemd-networkd has not made the link `{name}` yet")


def _wanted_links(machine: Machine, wanted: Generation) -> set[str]:
    return _names(
        machine.path(f"{wanted.folder}/root{file.path}") for file in wanted.files if _is_netdev(file.path)
    )


def _is_netdev(path: str) -> bool:
    return defines_networks(path) and path.endswith(".netdev")


def _names(files: Iterable[Path]) -> set[str]:
    """The names of links in files, those that are there."""
    texts = (file.read_bytes() for file in files if file.is_file())
    return {name.decode(errors="replace") for text in texts for name in re.findall(_NAME, text)}


def _exists(machine: Machine, name: str) -> bool:
    return os.path.lexists(machine.path(f"/sys/class/net/{name}"))


def _is_active(machine: Machine) -> bool:
    return active_states(machine, (_NETWORKD,))[_NETWORKD] == "active"
