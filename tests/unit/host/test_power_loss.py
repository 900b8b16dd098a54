"""The power fails before any effect, what was not flushed is lost: a host is whole after the next boot."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import pytest

from compiler.deploy.program import program
from compiler.host import layout
from compiler.host.recovery import UNIT
from tests.support.changes import CHANGES, change_of, host_of
from tests.support.disk import Disk, formatted, mounted, why_no_disk
from tests.support.examples import one_in
from tests.support.fail_points import effects_of, for_each, killed_before
from tests.support.host_folder import HostFolder
from tests.support.whole import assert_jobs_ran_once, assert_whole, finish, reset

FINISHERS = ("recover", "push")
EVERY = one_in(quick=100, usual=25)  # effect


@pytest.fixture(autouse=True)
def needs_a_disk() -> None:
    if reason := why_no_disk():
        pytest.skip(reason)


@pytest.mark.parametrize("finisher", FINISHERS)
@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_done_or_undone_at_the_next_boot(name: str, finisher: str) -> None:
    change = change_of(name)
    image_of(name)

    def check(number: int) -> None:
        with host_on_disk(name) as (host, disk):
            was_killed = killed_before(host, (), change.requests, number, disk.loses_power)
            disk.comes_back()
            reset(host)
            assert_recoverable(host)
            finish(host, finisher)
            if finisher == "push":
                assert_whole(host, change_of("push").after)
            else:
                assert_whole(host, *((change.before,) if was_killed else ()), change.after)
            if not was_killed:  # what a job has done may be lost as well until then
                assert_jobs_ran_once(host)

    with host_of(change.start) as host:
        effects = effects_of(host, (), change.requests)
    for_each(range(EVERY, effects + EVERY, EVERY), check)


def test_a_push_that_was_confirmed_is_on_disk() -> None:
    def check(name: str) -> None:
        with host_on_disk(name) as (host, disk):
            assert host.push().error is None
            disk.loses_power()
            disk.comes_back()
            assert host.path(layout.PROGRAM).read_bytes() == program()
            finish(host, "recover")
            assert_whole(host, change_of("push").after)

    for_each(["push"], check)


def assert_recoverable(host: HostFolder) -> None:
    """A change that is under way is finished or undone by the boot."""
    if host.path(layout.PENDING).exists():
        assert host.path(layout.RECOVERY).read_text() == UNIT
        assert host.path(layout.RECOVERY_LINK).exists()


@contextmanager
def host_on_disk(name: str) -> Iterator[tuple[HostFolder, Disk]]:
    """A host before a change that has its files on a disk of its own. Its stand-in systemd is beside it."""
    with host_of(change_of(name).start) as host:
        (host.folder / "bin/sync").unlink()  # the real one flushes
        root, image = host.folder / "root", host.folder / "disk"
        image.write_bytes(image_of(name))
        shutil.rmtree(root)
        root.mkdir()
        with mounted(image, root) as disk:
            yield host, disk


@cache
def image_of(name: str) -> bytes:
    with host_of(change_of(name).start) as host:
        formatted(host.folder / "root", host.folder / "disk")
        return (host.folder / "disk").read_bytes()
