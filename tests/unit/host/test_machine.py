"""Commands of the host: each ends, by itself or by its time limit."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from compiler.host.activity import TimeLimitError
from compiler.host.machine import Machine
from tests.support.processes import ends

WAITS = "sleep 100 & echo $! >{}; wait"


def test_a_command_returns_its_output_and_its_exit_status() -> None:
    done = Machine().run(("sh", "-c", "echo out; echo err >&2; exit 3"))
    assert (done.stdout, done.stderr, done.returncode) == ("out\n", "err\n", 3)


def test_output_of_any_size_is_read() -> None:
    assert len(Machine().run(("head", "-c", "1000000", "/dev/zero")).stdout) == 1_000_000


def test_a_command_that_takes_too_long_is_killed_with_what_it_has_started(tmp_path: Path) -> None:
    began = time.monotonic()
    with pytest.raises(TimeLimitError, match=r"^`sh -c sleep 100 .*` did not end within 0\.5 s$"):
        Machine().run(("sh", "-c", WAITS.format(tmp_path / "pid")), limit=0.5)
    assert time.monotonic() - began < 5
    assert ends((tmp_path / "pid").read_text().strip())


def test_a_long_command_is_shortened_in_messages() -> None:
    with pytest.raises(TimeLimitError, match=r"^`sleep 9 9 [9 ]*…` did not end"):
        Machine().run(("sleep", *["9"] * 60), limit=0.1)


def test_the_host_program_is_asked_to_report_while_a_command_runs() -> None:
    texts = []

    def wait_until(done, text):  # type: ignore[no-untyped-def]
        texts.append(text)
        return done()

    Machine(wait_until=wait_until).run(("sleep", "0.5"))
    assert set(texts) == {"waiting for `sleep 0.5`"}
