"""The nodes of a lab: boot, list and remove them."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable
from contextlib import suppress

from compiler.lab import network
from compiler.lab.base import DEFAULT_RELEASE, Engine, Release, build_base
from compiler.lab.cgroup import kill_all
from compiler.lab.create import create, create_identity, write_known_hosts
from compiler.lab.node import LabNode, load
from compiler.lab.place import NODES, Lab
from compiler.lab.requirements import allow_inotify, require_packages, require_root
from compiler.lab.system import LabError, Progress, locked, silent


def up(
    lab: Lab, count: int, *, engine: Engine = "podman", release: Release = DEFAULT_RELEASE,
    first: int = 1, progress: Progress = silent,
) -> tuple[LabNode, ...]:  # fmt: skip
    """Boot `count` nodes from number `first` on, and wait for them; running ones stay as they are."""
    numbers = range(first, first + count)
    if not count or numbers[0] not in NODES or numbers[-1] not in NODES:
        raise LabError(f"node numbers must be {NODES[0]} to {NODES[-1]}, not {first} to {first + count - 1}")
    require_root()
    require_packages()
    allow_inotify()
    base = build_base(engine, release, cache=lab.cache, progress=progress)
    wanted = tuple(
        LabNode(lab=lab, number=number, engine=engine, release=release, base=base) for number in numbers
    )
    with locked(lab.lock):
        create_identity(lab)
        network.build_bridge(lab)
        booted = tuple(_boot(node) for node in wanted)
        write_known_hosts(lab, nodes(lab))
    for node in booted:
        node.settle()
        progress(f"{node.name} is up at {node.address} with {node.engine} on {node.release}")
    return booted


def nodes(lab: Lab) -> tuple[LabNode, ...]:
    """Every node that exists, by number."""
    names = (re.fullmatch(r"node(\d+)", path.parent.name) for path in lab.state.glob("node*/node.json"))
    return tuple(load(lab, number) for number in sorted(int(name[1]) for name in names if name))


def down(lab: Lab, numbers: Iterable[int] = ()) -> tuple[LabNode, ...]:
    """Stop nodes, delete their disks and return them.

    Without numbers, that is every node, and the registry, the bridge and the shared folder are removed too.
    The lab's key and the images in its registry stay on disk for the next `up`.
    """
    require_root()
    with locked(lab.lock):
        named = tuple(load(lab, number) for number in numbers)
        destroyed = named or nodes(lab)
        for node in destroyed:
            node.destroy()
        write_known_hosts(lab, nodes(lab))
        if not named:
            kill_all(lab.bridge)
            network.remove_bridge(lab)
            with suppress(FileNotFoundError):
                shutil.rmtree(lab.shared)
    return destroyed


def _boot(wanted: LabNode) -> LabNode:
    node = load(wanted.lab, wanted.number) if wanted.record_file.exists() else wanted
    if (node.engine, node.release) != (wanted.engine, wanted.release):
        raise LabError(
            f"{node.name} already exists, with {node.engine} on {node.release}",
            hint=f"run `heatsink lab down {node.number}` first to replace it by one with {wanted.engine}"
            f" on {wanted.release}",
        )
    if not node.finished:
        create(node)
    node.boot()
    return node
