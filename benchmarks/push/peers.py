"""Those that are compared: each brings hosts to the same state, or is the floor of something."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import payload
from fleet import AFTER, BEFORE, PARALLEL, Fleet

from compiler.lab import LabNode

ROOT = Path(__file__).parents[2]

FIRST, SAME, CHANGE, BACK = "first push", "nothing to do", "one file changed", "rollback"
SCENARIOS = (FIRST, SAME, CHANGE, BACK)


@dataclass(frozen=True)
class Peer:
    """What is run in each scenario; what a peer lacks is not compared."""

    name: str
    acts: Mapping[str, Callable[[], object]]
    limit: int = 100  # nodes to which it pushes in reasonable time
    rounds: int = 0  # as many as the others
    prepare: Callable[[], object] = field(default=lambda: None)


def heatsink(fleet: Fleet) -> Peer:
    """The command. Units need not stay up for a time: the others do not look at that either."""
    return Peer(
        "heatsink",
        {
            FIRST: lambda: run(fleet, push(fleet, BEFORE)),
            SAME: lambda: run(fleet, push(fleet, BEFORE)),
            CHANGE: lambda: run(fleet, push(fleet, AFTER)),
            BACK: lambda: run(fleet, command(fleet, "rollback", "--yes", "--settle", "0", build=AFTER)),
        },
    )


def raw_channel(fleet: Fleet) -> Peer:
    """The floor of heatsink's transport: it pushes nothing."""
    addresses = "\n".join(node.address for node in fleet.nodes)

    def login() -> None:
        subprocess.run(raw_channel_command(fleet), input=addresses, text=True, check=True)

    return Peer("raw channel", {SAME: login})


def raw_channel_command(fleet: Fleet) -> tuple[str, ...]:
    """The command that takes addresses on stdin."""
    program = str(Path(__file__).with_name("raw_channel.py"))
    return (sys.executable, program, fleet.lab_identity, fleet.known_hosts, PARALLEL)


def one_ssh(fleet: Fleet) -> Peer:
    """One OpenSSH process a host, which makes its archive on the fly."""
    path = payload.CHANGED_FILE
    restart = f"tar -xzf - -C / && systemctl restart {payload.CHANGED_UNIT}"

    def everything(node: LabNode) -> bytes:
        return payload.archive(fleet.root(BEFORE, node), payload.services(node.name))

    def one_file(build: str) -> None:
        fleet.each(restart, lambda node: payload.archive(fleet.root(build, node), (), (path,)))

    return Peer(
        "one ssh",
        {
            FIRST: lambda: fleet.each(f"tar -xzf - -C / && {payload.START}", everything),
            SAME: lambda: fleet.each("true"),
            CHANGE: lambda: one_file(AFTER),
            BACK: lambda: one_file(BEFORE),
        },
    )


def push(fleet: Fleet, build: str) -> tuple[str, ...]:
    """The command that pushes a build."""
    return command(fleet, "push-artifacts", "--settle", "0", build=build)


def command(fleet: Fleet, *words: str, build: str) -> tuple[str, ...]:
    """A command of heatsink."""
    ways = ("--known-hosts", fleet.known_hosts, "--parallel", PARALLEL, "--build", build)
    return (sys.executable, "-m", "compiler", *words, *ways)


def run(fleet: Fleet, argv: Sequence[str]) -> None:
    """Run a command in the operator's folder."""
    done = subprocess.run(argv, cwd=fleet.folder, env=environment(fleet), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def environment(fleet: Fleet) -> dict[str, str]:
    """The environment in which commands run: with bytecode, as any that is installed."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPATH": str(ROOT), "HOME": str(fleet.folder)}
