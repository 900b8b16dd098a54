"""How the lab uses the machine: running commands, holding locks, waiting."""

from __future__ import annotations

import fcntl
import os
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from compiler.diagnostics import HeatsinkError
from compiler.source import Span

Progress = Callable[[str], None]
"""Called with a line of text for each thing that is done."""


class LabError(HeatsinkError):
    """A lab command cannot be carried out."""

    def __init__(self, message: str, span: Span | None = None, hint: str | None = None) -> None:
        super().__init__(message, span, hint)
        if hint:
            self.add_note(hint)  # a test that fails shows it


def run(argv: Sequence[str | Path], *, env: Mapping[str, str] | None = None, stdin: str = "") -> str:
    """Run a command to its end and return what it wrote to stdout.

    `env` is added to our environment. Raises LabError with the end of stderr if the command fails.
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
    """Ignore progress."""


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock file `path`: processes that use the same one wait for each other."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def wait_until(reached: Callable[[], bool], *, seconds: float) -> bool:
    """Call `reached` until it returns True; False if it did not within `seconds`."""
    deadline = time.monotonic() + seconds
    while not reached():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
