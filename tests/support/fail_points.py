"""The host program, killed before any one of its effects on a folder that stands for a host.

An effect is what Python itself reports as one: a file opened for writing, a rename, a link, a deleted file, a
new folder, a command.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import time
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from compiler.host.__main__ import main
from compiler.host.machine import Machine
from compiler.host.manifest import Manifest
from compiler.host.store import generation, generations
from tests.support.host_folder import OPTIONS, HostFolder

EFFECTS = frozenset(
    {
        *("os.rename", "os.remove", "os.link", "os.symlink", "os.rmdir", "os.mkdir", "os.chmod", "os.chown"),
        *("os.truncate", "subprocess.Popen"),
    }
)


def is_effect(event: str, arguments: Sequence[object]) -> bool:
    """Whether an audit event of Python is an effect on the host."""
    if event == "open":
        flags = arguments[2]
        return isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR))
    return event in EFFECTS


@dataclass(frozen=True)
class Killed:
    """How the host program ended: its exit status, and whether it was killed before the effect."""

    status: int
    was_killed: bool


def run(folder: HostFolder, arguments: Sequence[str], requests: bytes, kill_at: int) -> Killed:
    """Run the host program in a process of its own that is killed before its effect number `kill_at`."""
    process = os.fork()
    if process == 0:
        _become_host_program(folder, arguments, requests, kill_at)
    status = os.waitpid(process, 0)[1]
    was_killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    return Killed(status=status if was_killed else os.WEXITSTATUS(status), was_killed=was_killed)


def _become_host_program(folder: HostFolder, arguments: Sequence[str], requests: bytes, kill_at: int) -> None:
    os.setsid()
    os.environ.update(HEATSINK_ROOT=f"{folder.folder}/root", PATH=f"{folder.folder}/bin:{os.environ['PATH']}")
    (folder.folder / "requests").write_bytes(requests)
    os.dup2(os.open(folder.folder / "requests", os.O_RDONLY), 0)
    os.dup2(os.open(folder.folder / "events", os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 1)
    os.dup2(1, 2)
    sys.argv = ["host", *arguments]
    sys.stdin, sys.stdout = os.fdopen(0), os.fdopen(1, "w")
    left, sleep = kill_at, time.sleep
    time.sleep = lambda seconds: sleep(min(seconds, 0.002))  # nothing here takes longer

    def count(event: str, event_arguments: tuple[object, ...]) -> None:
        nonlocal left
        if is_effect(event, event_arguments):
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(count)
    try:
        os._exit(main())
    finally:
        os._exit(99)


def conversation(host: HostFolder, **options: object) -> bytes:
    """Everything that a pusher says during a push of the build beside a host."""
    bundle = host.bundles()["localhost"]
    kept = [generation(Machine(f"{host.folder}/root"), number) for number in _numbers(host)]
    present = {file.sha256 for each in kept for file in each.files}
    missing = dict.fromkeys(file.sha256 for file in bundle.manifest.files if file.sha256 not in present)
    manifest = zlib.compress(bundle.content)
    steps = sorted({unit.step for unit in bundle.manifest.units})
    request = {**OPTIONS.request, "steps": steps, "confirm": False, "secrets": {}, **options}
    blobs = zlib.compress(bundle.blobs(missing))
    words = ("install", *steps, "finish", "commit")
    return b"".join(
        (
            _line({"do": "push", **request, "size": len(manifest)}) + manifest,
            _line({"size": len(blobs)}) + blobs,
            *(_line({"go": word}) for word in words),
        )
    )


def _numbers(host: HostFolder) -> list[int]:
    return generations(Machine(f"{host.folder}/root"))


def _line(value: dict[str, object]) -> bytes:
    return json.dumps(value).encode() + b"\n"


def copied(folder: HostFolder, to: Path) -> HostFolder:
    """A copy of a host."""
    shutil.copytree(folder.folder, to, symlinks=True)
    return HostFolder(to)


def manifest_of(folder: HostFolder) -> Manifest:
    """The manifest of the build beside a host."""
    return folder.bundles()["localhost"].manifest
