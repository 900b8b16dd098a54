"""The host: its files and its commands."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from .wire import RefusedError

LIMIT = 60.0  # seconds that a command may take
ABSENCE = 20.0  # seconds for which systemd may be out of reach
LONGEST_TEXT = 80  # of a command in a message
_OUT_OF_REACH = (  # what systemctl writes then: before it asks, and while it waits for an answer
    "Failed to connect to",
    "Transport endpoint is not connected",
    "Connection reset by peer",
    "Remote peer disconnected",
    "Broken pipe",
)


class TimeLimitError(RefusedError):
    """A command did not end within its time limit, and was killed."""

    def __init__(self, command: str, limit: float) -> None:
        hint = "run it on the host to see why it hangs, then try again"
        super().__init__(f"`{command}` did not end within {limit:g} s", hint)


class RunningCommand:
    """A command that runs, with its output captured and with a time limit."""

    def __init__(self, argv: Sequence[str], limit: float, **environment: str) -> None:
        self.argv = argv
        self.result: subprocess.CompletedProcess[str] | None = None
        self._is_killed = False
        self.limit = limit
        self._deadline = time.monotonic() + limit
        self._process = subprocess.Popen(
            argv,
            env={**os.environ, "LC_ALL": "C", **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,  # so that it can be killed with all that it has started
        )

    @property
    def text(self) -> str:
        """The command in messages, shortened."""
        words = " ".join(self.argv)
        return words if len(words) <= LONGEST_TEXT else f"{words[:LONGEST_TEXT]}…"

    def has_ended(self, wait: float = 0.01) -> bool:
        """Whether `result` is there, after some seconds at most. Raises TimeLimitError at its limit."""
        if self.result:
            return True
        if self._is_killed:
            raise TimeLimitError(self.text, self.limit)
        try:
            output, errors = self._process.communicate(timeout=wait)
        except subprocess.TimeoutExpired:
            if time.monotonic() < self._deadline:
                return False
            self.kill()
            raise TimeLimitError(self.text, self.limit) from None
        self.result = subprocess.CompletedProcess(self.argv, self._process.returncode, output, errors)
        return True

    def kill(self) -> None:
        """Kill it with all that it has started, unless it has ended."""
        if self.result or self._is_killed:
            return
        self._is_killed = True
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        for pipe in (self._process.stdout, self._process.stderr):
            if pipe:
                pipe.close()
        with contextlib.suppress(subprocess.TimeoutExpired):  # of one that waits for a disk
            self._process.wait(timeout=1)


def quietly(done: Callable[[], bool], text: str) -> bool:  # noqa: ARG001 - as Pusher.wait_until
    """Whether something is done, without a word to anybody."""
    return done()


class Machine(NamedTuple):
    """The host; with a `root`, a folder that stands for one, in which owners of files are not set."""

    root: str = ""
    wait_until: Callable[[Callable[[], bool], str], bool] = quietly  # Pusher.wait_until, while commands run
    limit: float = LIMIT  # of commands for which no other one is set

    def path(self, path: str) -> Path:
        """An absolute path of the host, below the root."""
        return Path(self.root + path)

    def owns(self) -> bool:
        """Whether files get the owners that the manifest names."""
        return not self.root

    def has(self, program: str) -> bool:
        """Whether a program is in PATH."""
        folders = os.environ.get("PATH", os.defpath).split(":")
        return any(os.access(f"{folder}/{program}", os.X_OK) for folder in folders)

    def run(
        self, argv: Sequence[str], *, limit: float | None = None, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a command and capture its output; no exit status raises, but TimeLimitError its limit."""
        command = RunningCommand(argv, limit or self.limit, **environment)
        try:
            while not self.wait_until(lambda: command.has_ended(0.2), f"waiting for `{command.text}`"):
                continue
        finally:
            command.kill()
        assert command.result
        return command.result

    def systemctl(self, *words: str, limit: float | None = None) -> subprocess.CompletedProcess[str]:
        """Run systemctl. While systemd executes itself anew, as its update does, it cannot be reached, or
        forgets what it was asked: it is asked again, and that is an error only in the end."""
        deadline = time.monotonic() + ABSENCE
        while True:
            done = self.run(("systemctl", *words), limit=limit)
            if not (done.returncode and any(words in done.stderr for words in _OUT_OF_REACH)):
                return done
            if time.monotonic() > deadline:
                require(done, "systemd cannot be reached")
            time.sleep(0.2)

    def start(self, argv: Sequence[str], *, limit: float = LIMIT, **environment: str) -> RunningCommand:
        """Start a command."""
        return RunningCommand(argv, limit, **environment)


def require(done: subprocess.CompletedProcess[str], message: str, cut: str = "") -> None:
    """Raise RefusedError with the error output of a command that failed; `cut` is removed from it."""
    if done.returncode:
        errors = done.stderr.replace(cut, "") if cut else done.stderr
        lines = [line for line in errors.splitlines() if line.strip()] or [f"exit status {done.returncode}"]
        raise RefusedError("\n  ".join((f"{message}:", *lines[:10])))


def relabel(machine: Machine, paths: Sequence[str]) -> None:
    """Give new files the SELinux labels of their places."""
    if paths and Path("/sys/fs/selinux/enforce").exists() and machine.has("restorecon"):
        machine.run(("restorecon", "-F", *(str(machine.path(path)) for path in paths)))
