"""The host: its files and its commands."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from .activity import Activity, Done
from .wire import RefusedError

if TYPE_CHECKING:
    from .bus import Manager
    from .command import RunningCommand

LIMIT = 60.0  # seconds that a command may take


def quietly(done: Callable[[], bool], text: str) -> bool:  # noqa: ARG001 - as Pusher.wait_until
    """Whether something is done, without a word to anybody."""
    return done()


class Machine(NamedTuple):
    """The host; with a `root`, a folder that stands for one, in which owners of files are not set."""

    root: str = ""
    wait_until: Callable[[Callable[[], bool], str], bool] = quietly  # Pusher.wait_until, while commands run
    limit: float = LIMIT  # of commands for which no other one is set
    manager: Manager | None = None  # of systemd; without one, commands ask it

    def path(self, path: str) -> Path:
        """An absolute path of the host, below the root."""
        return Path(self.root + path)

    def place(self, path: str) -> str:
        """The same as text: to look at hundreds of files, a Path takes longer than the look."""
        return self.root + path

    def content(self, path: str) -> bytes:
        """What is in a file of the host."""
        with open(self.root + path, "rb", buffering=0) as file:
            return file.read()

    def owns(self) -> bool:
        """Whether files get the owners that the manifest names."""
        return not self.root

    def has(self, program: str) -> bool:
        """Whether a program is in PATH."""
        folders = os.environ.get("PATH", os.defpath).split(":")
        return any(os.access(f"{folder}/{program}", os.X_OK) for folder in folders)

    def run(self, argv: Sequence[str], *, limit: float | None = None, **environment: str) -> Done:
        """Run a command and capture its output; no exit status raises, but TimeLimitError its limit."""
        command = self.start(argv, limit=limit or self.limit, **environment)
        self.wait_for(command)
        assert command.result
        return command.result

    def wait_for(self, activity: Activity) -> None:
        """Wait until something has ended. Raises what its `has_ended` raises."""
        try:
            while not self.wait_until(lambda: activity.has_ended(0.2), f"waiting for `{activity.text}`"):
                continue
        finally:
            activity.kill()

    def start(self, argv: Sequence[str], *, limit: float = LIMIT, **environment: str) -> RunningCommand:
        """Start a command."""
        from .command import RunningCommand  # with `subprocess`, which many a request does not need

        return RunningCommand(argv, limit, **environment)


def require(done: Done, message: str, cut: str = "") -> None:
    """Raise RefusedError with the error output of a command that failed; `cut` is removed from it."""
    if done.returncode:
        errors = done.stderr.replace(cut, "") if cut else done.stderr
        lines = [line for line in errors.splitlines() if line.strip()] or [f"exit status {done.returncode}"]
        raise RefusedError("\n  ".join((f"{message}:", *lines[:10])))


def relabel(machine: Machine, paths: Sequence[str]) -> None:
    """Give new files the SELinux labels of their places."""
    if paths and Path("/sys/fs/selinux/enforce").exists() and machine.has("restorecon"):
        machine.run(("restorecon", "-F", *(str(machine.path(path)) for path in paths)))
