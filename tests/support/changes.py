"""Changes of a host during which something happens to it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from compiler.host.manifest import Manifest
from tests.support import fail_points
from tests.support.bundles import run_once, service
from tests.support.conversation import bundle_of, pushing, removing, rolling_back
from tests.support.host_folder import HostFolder, host_folder
from tests.support.states import State, place, state_of
from tests.support.whole import manifest_in

FIRST, SECOND = (service("first"),), (service("second", config="2"), run_once("once", command="echo 2"))
OLD = (
    *(service("stays", config="same"), service("changes", config="old"), service("leaves", config="gone")),
    run_once("once", command="echo old"),
)
NEW = (
    *(service("stays", config="same"), service("changes", config="new", step=2)),
    *(service("comes", config="n"), run_once("once", command="echo new")),
)

CHANGES = ("first push", "push", "rollback", "remove")


@dataclass(frozen=True)
class Change:
    """A host, what a pusher asks of it, and the manifests of before and after; None: nothing is installed."""

    start: State
    requests: bytes
    before: Manifest | None
    after: Manifest | None


@cache
def change_of(name: str) -> Change:
    with host_of(start_of(is_new=name == "first push")) as host:
        host.writes(*NEW)
        start, new = state_of(host.folder), bundle_of(host).manifest
        match name:
            case "first push":
                return Change(start, pushing(host), None, new)
            case "push":
                return Change(start, pushing(host, keep_newest=2), manifest_in(host, 3), new)
            case "rollback":
                return Change(start, rolling_back(2), manifest_in(host, 3), manifest_in(host, 2))
            case _:
                return Change(start, removing(), manifest_in(host, 3), None)


@cache
def start_of(*, is_new: bool) -> State:
    """A host with nothing, or with three generations."""
    with folder() as empty:
        host = host_folder(empty / "host")
        for parts in () if is_new else (FIRST, SECOND, OLD):
            host.writes(*parts)
            assert fail_points.run(host, (), pushing(host)) == 0, fail_points.said(host)
        (host.folder / "bin/ran").unlink(missing_ok=True)
        return state_of(host.folder)


@contextmanager
def host_of(state: State) -> Iterator[HostFolder]:
    with folder() as empty:
        place(state, empty / "host")
        yield HostFolder(empty / "host")


@contextmanager
def folder() -> Iterator[Path]:
    """A folder in memory, where flushing takes no time."""
    memory = Path("/dev/shm")
    path = Path(tempfile.mkdtemp(prefix="heatsink-", dir=memory if memory.is_dir() else None))
    try:
        yield path
    finally:
        shutil.rmtree(path)
