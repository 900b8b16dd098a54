"""The host: its files, and commands that are run on it."""

from __future__ import annotations

import dataclasses
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from .wire import Refusal


@dataclasses.dataclass(frozen=True)
class Machine:
    """The host. With a root, a picture of a host below that folder: files there, their owners left alone."""

    root: str = ""

    def path(self, path: str) -> Path:
        """Where an absolute path of the host is found."""
        return Path(self.root + path)

    def owns(self) -> bool:
        """Whether files are given to the owners that the manifest names."""
        return not self.root

    def has(self, program: str) -> bool:
        """Whether a program can be run here by its name."""
        folders = os.environ.get("PATH", os.defpath).split(":")
        return any(os.access(f"{folder}/{program}", os.X_OK) for folder in folders)

    def run(self, argv: Sequence[str], **environment: str) -> subprocess.CompletedProcess[str]:
        """The command's end, with what it wrote; never an exception for its exit status."""
        process = self.start(argv, **environment)
        output, complaint = process.communicate()
        return subprocess.CompletedProcess(argv, process.returncode, output, complaint)

    def start(self, argv: Sequence[str], **environment: str) -> subprocess.Popen[str]:
        """A command that runs by itself, its output caught."""
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
    """Refuse with what a command that failed complained of, `cut` taken out of it."""
    if done.returncode:
        complaint = done.stderr.replace(cut, "") if cut else done.stderr
        lines = [line for line in complaint.splitlines() if line.strip()] or [
            f"exit status {done.returncode}"
        ]
        raise Refusal("\n  ".join((f"{message}:", *lines[:10])))


def relabel(machine: Machine, paths: Sequence[str]) -> None:
    """Give new files the labels that SELinux wants of their places."""
    if paths and Path("/sys/fs/selinux/enforce").exists() and machine.has("restorecon"):
        machine.run(("restorecon", "-F", *(str(machine.path(path)) for path in paths)))


def write(path: Path, content: bytes, mode: int) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_beside(path, content, mode, None).replace(path)
    sync(path.parent)


def write_beside(path: Path, content: bytes, mode: int, owner: tuple[int, int] | None) -> Path:
    """A new file, on the disk, next to the place where it is to be. Nobody else ever reads a secret one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.heatsink")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        if owner:
            os.fchown(descriptor, *owner)
        os.fchmod(descriptor, mode)
        os.fsync(descriptor)
    return new


def place_link(path: Path, target: str) -> None:
    """Make a symbolic link, or point it somewhere else, in one go."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.heatsink")
    new.unlink(missing_ok=True)
    new.symlink_to(target)
    new.replace(path)


def remove_tree(folder: Path) -> None:
    """Delete a folder and all in it."""
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
    folder.rmdir()


def sync(folder: Path) -> None:
    """Put a folder's names on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
