"""Killed before any effect, the host is wholly on one generation after the next boot, revert or push."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from compiler.host import layout
from compiler.host.manifest import Manifest
from compiler.host.sealed import unsealed
from tests.support import fail_points
from tests.support.bundles import run_once, service
from tests.support.conversation import bundle_of, ordering, pushing
from tests.support.examples import QUICK, examples
from tests.support.fail_points import Moment, Run, for_each, killed_before, moments_of
from tests.support.host_folder import HostFolder, host_folder
from tests.support.states import State, place, state_of

FIRST, SECOND = (service("first"),), (service("second", config="2"), run_once("once", command="echo 2"))
OLD = (
    *(service("stays", config="same"), service("changes", config="old"), service("leaves", config="gone")),
    run_once("once", command="echo old"),
)
NEW = (
    *(service("stays", config="same"), service("changes", config="new", step=2)),
    *(service("comes", config="n"), run_once("once", command="echo new")),
)
EVERY = 1 if examples(QUICK) > QUICK // 2 else 90  # effect in `make test`; one of so many otherwise

FINISHERS = ("recover", "revert", "push")
CHANGES = ("first push", "push", "rollback", "remove")


@dataclass(frozen=True)
class Change:
    """A host, what a pusher asks of it, and the manifests of before and after; None: nothing is installed."""

    start: State
    requests: bytes
    before: Manifest | None
    after: Manifest | None


@pytest.mark.parametrize("finisher", FINISHERS)
@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_done_or_undone(name: str, finisher: str) -> None:
    change, run = change_of(name), run_of(name)

    def check(moment: Moment) -> None:
        with host_of(moment.state) as host:
            finish(host, finisher)
            if finisher == "push":
                assert_whole(host, bundle_of(host).manifest)
            else:
                assert_whole(host, *((change.before,) if moment.is_killed else ()), change.after)

    assert run.status == 0
    for_each(run.moments, check)


@pytest.mark.parametrize("interrupted", ["recover", "revert"])
@pytest.mark.parametrize("share", [0.3, 0.5, 0.7])
def test_an_undoing_that_is_interrupted_is_taken_up_again(interrupted: str, share: float) -> None:
    change = change_of("push")
    unfinished = [moment for moment in run_of("push").moments if f"root{layout.PENDING}" in moment.state]
    halfway = unfinished[int(len(unfinished) * share)]

    def check(moment: Moment) -> None:
        with host_of(moment.state) as host:
            finish(host, "recover")
            assert_whole(host, change.before, change.after)

    with host_of(halfway.state) as host:
        run = moments_of(host, (interrupted,), b"", EVERY)
    for_each(run.moments, check)


@pytest.mark.parametrize("number", [60, 130, 190, 250])
def test_a_copy_before_an_effect_is_what_a_kill_there_leaves(number: int) -> None:
    change = change_of("push")
    with host_of(change.start) as host:
        copy = moments_of(host, (), change.requests, number).moments[0]
    with host_of(change.start) as host:
        killed_before(host, (), change.requests, number)
        assert comparable(state_of(host.folder)) == comparable(copy.state)


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
                return Change(start, ordering(name), manifest_in(host, 3), manifest_in(host, 2))
            case _:
                return Change(start, ordering(name), manifest_in(host, 3), None)


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


@cache
def run_of(name: str) -> Run:
    change = change_of(name)
    with host_of(change.start) as host:
        return moments_of(host, (), change.requests, EVERY)


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


def comparable(state: State) -> dict[str, tuple[int, bytes | str]]:
    """A state without the inodes, and without the lock, which names a process."""
    return {
        path: (entry.mode, entry.content) for path, entry in state.items() if path != f"root{layout.LOCK}"
    }


def finish(host: HostFolder, finisher: str) -> None:
    """What comes next: a boot, the revert timer, or another push."""
    if finisher == "push":
        outcome = host.push()
        assert outcome.error is None, outcome.error.render()
        return
    if finisher == "recover":  # nothing runs when a boot begins
        for unit in (host.folder / "bin/active").iterdir():
            unit.unlink()
    assert fail_points.run(host, (finisher,)) == 0, fail_points.said(host)
    if finisher == "recover":
        boot(host)


def boot(host: HostFolder) -> None:
    """Start what systemd starts at a boot: every service that a step wants or requires."""
    for link in sorted(host.path(layout.UNITS).glob("heatsink-step*.target.*/*.service")):
        if link.exists():
            host.systemctl("start", link.stem.removeprefix("heatsink-"))


def assert_whole(host: HostFolder, *candidates: Manifest | None) -> None:
    """The host has all of one generation, or nothing; nothing of another, and nothing unfinished."""
    number = host.path(layout.CURRENT)
    current = manifest_in(host, int(number.readlink().name)) if number.is_symlink() else None
    assert current in candidates
    if current:
        assert_installed(host, current)
    else:
        assert_nothing(host)
    assert_settled(host)


def assert_installed(host: HostFolder, current: Manifest) -> None:
    for file in current.files:
        assert digest(host.path(file.path)) == file.sha256
    services = {unit.name for unit in current.units if not unit.is_target}
    assert installed_services(host) == services
    active = {path.name for path in (host.folder / "bin/active").iterdir()}
    assert services - active <= {unit.name for unit in current.units if unit.runs_once}
    assert all(host.path(unit.stamp).exists() for unit in current.units if unit.stamp)
    record = unsealed(host.path(layout.INSTALLED).read_bytes())
    assert record["files"] == [file.path for file in current.files]
    assert "" not in {record["units"][name] for name in services}


def assert_nothing(host: HostFolder) -> None:
    assert installed_services(host) == set()
    assert not list(host.path("/var/lib/config-data").glob("*/*"))


def assert_settled(host: HostFolder) -> None:
    """Nothing is under way or left of what was, no job ran twice, and kept generations are whole."""
    ran = lines_of(host.folder / "bin/ran")
    assert len(ran) == len({*ran})
    assert not host.path(layout.PENDING).exists()
    assert list(host.path("/").rglob(".*.heatsink")) == []
    for folder in host.path(layout.GENERATIONS).glob("[0-9]*"):
        manifest = Manifest.parse((folder / "manifest.json").read_bytes())
        for file in manifest.files:
            assert digest(Path(f"{folder}/root{file.path}")) == file.sha256


def installed_services(host: HostFolder) -> set[str]:
    """The services that systemd would find."""
    return {path.name for path in host.path(layout.UNITS).glob("heatsink-*.service")} - {
        "heatsink-recovery.service"
    }


def lines_of(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def manifest_in(host: HostFolder, number: int) -> Manifest:
    return Manifest.parse(host.path(f"{layout.GENERATIONS}/{number}/manifest.json").read_bytes())


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
