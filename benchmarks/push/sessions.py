"""A thousand sessions: many to each of the nodes, with nothing to do."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from typing import NamedTuple

import peers
from fleet import Fleet


class Spent(NamedTuple):
    """The CPU seconds of a command, and the most MB of memory that it had."""

    cpu: float
    memory: float


def measured(fleet: Fleet, count: int) -> dict[str, Spent]:
    """What so many sessions cost, to nodes on which the first push was made."""
    fleet.clean()
    peers.run(fleet, peers.push(fleet, "before"))
    addresses = fleet.folder / "addresses"
    nodes = (fleet.nodes[number % len(fleet.nodes)] for number in range(count))
    addresses.write_text("\n".join(node.address for node in nodes))
    commands = {
        "heatsink": peers.push(fleet, fleet.many(count)),
        "raw channel": peers.raw_channel_command(fleet),
    }
    return {name: _spent(fleet, argv) for name, argv in commands.items()}


def _spent(fleet: Fleet, argv: Sequence[str]) -> Spent:
    with (fleet.folder / "addresses").open() as addresses:
        process = subprocess.Popen(
            argv, cwd=fleet.folder, env=peers.environment(fleet), stdin=addresses, stdout=-3, stderr=-3
        )
    _, process.returncode, used = os.wait4(process.pid, 0)
    assert process.returncode == 0, argv
    return Spent(used.ru_utime + used.ru_stime, used.ru_maxrss / 1000)
