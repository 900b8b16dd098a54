"""An exchange with systemd's manager on its socket."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from compiler.host.activity import TimeLimitError
from compiler.host.bus import Manager, MethodCall, Reply, UnreachableError
from compiler.host.machine import Machine
from tests.support.manager import END, JOB, job_removed, manager, message, refused, returned, text

START = MethodCall("StartUnit", "ss", ("one.service", "replace"))


def replies(path: str, *calls: MethodCall, limit: float = 5.0, awaits_jobs: bool = False) -> list[Reply]:
    """What an exchange ends with."""
    with closing(Manager(path)) as systemd:
        exchange = systemd.exchange(calls, "systemctl start one", limit, awaits_jobs=awaits_jobs)
        Machine().wait_for(exchange)
        return exchange.replies


def test_calls_have_their_replies_in_order(tmp_path: Path) -> None:
    with manager(tmp_path, lambda serial: returned(serial, "s", text(f"reply {serial}"))) as path:
        assert replies(path, START, START) == [Reply(["reply 1"]), Reply(["reply 2"])]


def test_many_calls_are_made_at_once(tmp_path: Path) -> None:
    with manager(tmp_path, lambda serial: returned(serial, "s", text("x" * 5000))) as path:
        assert len(replies(path, *[START] * 1000)) == 1000


def test_an_error_of_one_call_is_its_own(tmp_path: Path) -> None:
    def answer(serial: int) -> bytes:
        return refused(serial, "Unit one.service not found.") if serial == 1 else returned(serial)

    with manager(tmp_path, answer) as path:
        assert replies(path, START, START) == [Reply(error="Unit one.service not found."), Reply([])]


@pytest.mark.parametrize("order", [lambda *parts: parts, lambda *parts: parts[::-1]])
def test_the_end_of_a_job_is_awaited(tmp_path: Path, order: Callable[..., list[bytes]]) -> None:
    def answer(serial: int) -> bytes:
        other = job_removed("done", "/job/6")
        return b"".join((other, *order(returned(serial, "o", text(JOB)), job_removed("done"))))

    with manager(tmp_path, answer) as path:
        assert replies(path, START, awaits_jobs=True) == [Reply([JOB])]


def test_a_job_that_is_not_done_is_an_error(tmp_path: Path) -> None:
    with manager(tmp_path, lambda serial: returned(serial, "o", text(JOB)) + job_removed("timeout")) as path:
        assert replies(path, START, awaits_jobs=True) == [Reply([JOB], "the result of its job is `timeout`")]


def test_a_job_that_hangs_ends_at_the_time_limit(tmp_path: Path) -> None:
    began = time.monotonic()
    with (
        manager(tmp_path, lambda serial: returned(serial, "o", text(JOB))) as path,
        pytest.raises(TimeLimitError, match=r"^`systemctl start one` did not end within 0\.5 s$"),
    ):
        replies(path, START, limit=0.5, awaits_jobs=True)
    assert time.monotonic() - began < 5


def test_a_connection_that_ends_before_the_reply_is_out_of_reach(tmp_path: Path) -> None:
    with manager(tmp_path, lambda serial: END) as path, pytest.raises(UnreachableError):
        replies(path, START)


def test_a_socket_that_is_missing_is_out_of_reach(tmp_path: Path) -> None:
    with pytest.raises(UnreachableError):
        replies(str(tmp_path / "none"), START)


@pytest.mark.parametrize("line", [b"REJECTED EXTERNAL\r\n", b"x" * 1000])
def test_one_that_does_not_let_us_in_is_out_of_reach(tmp_path: Path, line: bytes) -> None:
    with manager(tmp_path, returned, accepts=line) as path, pytest.raises(UnreachableError):
        replies(path, START)


def test_one_that_does_not_speak_dbus_is_out_of_reach(tmp_path: Path) -> None:
    with manager(tmp_path, lambda serial: b"x" * 100) as path, pytest.raises(UnreachableError):
        replies(path, START)


def test_messages_about_other_things_are_passed_over(tmp_path: Path) -> None:
    def answer(serial: int) -> bytes:
        signal = message(4, text("one.service"), member="UnitNew", signature="s")
        return signal + returned(serial + 5) + returned(serial)

    with manager(tmp_path, answer) as path:
        assert replies(path, START) == [Reply([])]


def numbered(serial: int) -> bytes:
    """The number of a call: a connection counts its own from 1."""
    return returned(serial, "s", text(str(serial)))


def told(systemd: Manager) -> object:
    """What one call returns."""
    exchange = systemd.exchange([START], "", 5)
    Machine().wait_for(exchange)
    return exchange.replies[0].values[0]


def test_a_connection_is_kept_from_one_exchange_to_the_next(tmp_path: Path) -> None:
    with manager(tmp_path, numbered) as path, closing(Manager(path)) as systemd:
        first = told(systemd)
        systemd.rest()
        assert (first, told(systemd)) == ("1", "2")


def test_a_connection_that_is_not_used_is_ended(tmp_path: Path) -> None:
    with manager(tmp_path, numbered) as path, closing(Manager(path, idle=0)) as systemd:
        first = told(systemd)
        systemd.rest()
        assert (first, told(systemd)) == ("1", "1")


def test_a_connection_that_systemd_has_ended_is_replaced(tmp_path: Path) -> None:
    with closing(Manager(os.path.relpath(tmp_path / "manager"))) as systemd:
        with manager(tmp_path, numbered):
            first = told(systemd)
        with manager(tmp_path, numbered):
            assert (first, told(systemd)) == ("1", "1")


def test_an_exchange_that_begins_in_another_one_has_its_own_connection(tmp_path: Path) -> None:
    with manager(tmp_path, numbered) as path, closing(Manager(path)) as systemd:
        told(systemd)
        outer = systemd.exchange([START], "", 5)
        inner = told(systemd)
        Machine().wait_for(outer)
        assert (outer.replies[0].values, inner) == (["2"], "1")
