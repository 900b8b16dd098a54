"""Killed before any effect, the host is wholly on one generation after the next boot, revert or push."""

from __future__ import annotations

from functools import cache

import pytest

from compiler.host import layout
from tests.support.changes import CHANGES, change_of, host_of
from tests.support.conversation import bundle_of
from tests.support.examples import one_in
from tests.support.fail_points import Moment, Run, for_each, killed_before, moments_of
from tests.support.states import State, state_of
from tests.support.whole import assert_jobs_ran_once, assert_whole, finish

EVERY = one_in(quick=90, usual=1)  # effect
FINISHERS = ("recover", "revert", "push")


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
            assert_jobs_ran_once(host)

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
            assert_jobs_ran_once(host)

    with host_of(halfway.state) as host:
        run = moments_of(host, (interrupted,), b"", EVERY)
    for_each(run.moments, check)


@pytest.mark.parametrize("number", [60, 130, 190, 250])
def test_a_copy_before_an_effect_is_what_a_kill_there_leaves(number: int) -> None:
    change = change_of("push")
    with host_of(change.start) as host:
        copy = moments_of(host, (), change.requests, number).moments[0]
    with host_of(change.start) as host:
        assert killed_before(host, (), change.requests, number)
        assert comparable(state_of(host.folder)) == comparable(copy.state)


@cache
def run_of(name: str) -> Run:
    change = change_of(name)
    with host_of(change.start) as host:
        return moments_of(host, (), change.requests, EVERY)


def comparable(state: State) -> dict[str, tuple[int, bytes | str]]:
    """A state without the inodes, and without the lock, which names a process."""
    return {
        path: (entry.mode, entry.content) for path, entry in state.items() if path != f"root{layout.LOCK}"
    }
