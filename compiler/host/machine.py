"""The host: its files and its commands."""

from __future__ import annotations

import dataclasses
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from .wire import RefusedError


@dataclasses.dataclass(frozen=True)
class Machine:
    """The host; with a `root`, a folder that stands for one, in which owners of files are not set."""

    root: str = ""

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

    def run(self, argv: Sequence[str], **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a command and capture its output; no exit status raises."""
        process = self.start(argv, **environment)
        output, errors = process.communicate()
        return subprocess.CompletedProcess(argv, process.returncode, output, errors)

    def start(self, argv: Sequence[str], **environment: str) -> subprocess.Popen[str]:
        """Start a command with its output captured."""
        return subprocess.Popen(
            argv,
            env={**os.environ, "LC_ALL": "C", **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        )


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
