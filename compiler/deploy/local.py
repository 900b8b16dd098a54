"""The connection to this machine: the same shell and the same host program, without ssh."""

from __future__ import annotations

import os
import select
import subprocess
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import IO

from compiler.deploy.errors import DeployError
from compiler.deploy.greeting import command
from compiler.deploy.transport import PIECE


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalTransport:
    """Runs the greeting here. HEATSINK_ROOT in `environment` names a folder that stands for a host's root."""

    environment: Mapping[str, str] = field(default_factory=dict)

    def open(self) -> LocalChannel:
        """Start the greeting, through sudo unless we are root. Raises DeployError without sudo."""
        as_root = os.geteuid() == 0 or "HEATSINK_ROOT" in self.environment
        try:
            return LocalChannel(self._process(command(as_root=as_root)))
        except FileNotFoundError as error:
            raise DeployError(
                "localhost",
                f"`{error.filename}` is not installed",
                "run heatsink as root, or install sudo and allow it without a password",
            ) from None

    def _process(self, command: tuple[str, ...]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            command,
            env={**os.environ, **self.environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C reaches only the pusher: the host program ends its step
        )


class LocalChannel:
    """A Channel to a child process."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def send(self, content: bytes) -> None:
        assert self._process.stdin
        self._process.stdin.write(content)
        self._process.stdin.flush()

    def receive(self, seconds: float) -> bytes:
        return _piece(self._process.stdout, seconds)

    def receive_stderr(self, seconds: float) -> bytes:
        return _piece(self._process.stderr, seconds)

    def close(self) -> None:
        """Close the pipes; the child ends by itself, and is reaped when it has."""
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            assert pipe
            try:
                pipe.close()
            except BrokenPipeError:
                continue
        # its last step may take minutes, for which an interrupted push must not wait
        threading.Thread(target=self._process.wait, daemon=True).start()


def _piece(pipe: IO[bytes] | None, seconds: float) -> bytes:
    assert pipe
    waiting = select.poll()  # unlike `select`, for any number of open files
    waiting.register(pipe, select.POLLIN)
    if not waiting.poll(seconds * 1000):
        raise TimeoutError
    return os.read(pipe.fileno(), PIECE)
