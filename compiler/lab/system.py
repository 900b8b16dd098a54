"""How the lab touches the machine: commands run, locks held, and what is said when that fails."""

from __future__ import annotations

import fcntl
import os
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from compiler.diagnostics import HeatsinkError

Progress = Callable[[str], None]
"""Told one line at a time what is being done."""


class LabError(HeatsinkError):
    """The lab cannot do what was asked."""


def run(argv: Sequence[str | Path], *, env: Mapping[str, str] | None = None, stdin: str = "") -> str:
    """Run a command to its end and return what it wrote to stdout.

    `env` is added to our own environment. LabError carries the end of stderr when the command fails.
    """
    words = [str(word) for word in argv]
    completed = subprocess.run(
        words, input=stdin, capture_output=True, text=True, check=False, env={**os.environ, **(env or {})}
    )
    if completed.returncode:
        output = "\n".join((completed.stderr or completed.stdout).strip().splitlines()[-10:])
        raise LabError(f"`{' '.join(words)}` failed with status {completed.returncode}", hint=output or None)
    return completed.stdout


def silent(_line: str) -> None:
    """The progress of those who do not want to know."""


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock file `path`: of several processes that change one thing, each waits for its turn."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def wait_until(reached: Callable[[], bool], *, seconds: float) -> bool:
    """Ask again and again until `reached` says yes; False when it did not within `seconds`."""
    deadline = time.monotonic() + seconds
    while not reached():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
