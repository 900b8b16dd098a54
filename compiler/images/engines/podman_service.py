"""A podman service that runs as long as the command.

The service isolates builds with chroot, which needs neither cgroups nor a network namespace of the machine,
so that builds also work inside a container or a CI runner.
https://docs.podman.io/en/latest/markdown/podman-system-service.1.html
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import NoReturn

from compiler.diagnostics import HeatsinkError
from compiler.images.engines.podman import PodmanEngine

_STARTS_WITHIN = 30.0
_ENDS_WITHIN = 5.0
_IDLE = 600  # seconds without a request after which a service exits, in case we were killed


@contextmanager
def own_engine() -> Iterator[PodmanEngine]:
    """A podman service on a private socket, stopped at the end; SIGTERM is an end, too."""
    with _exiting_by_sigterm(), tempfile.TemporaryDirectory(prefix="heatsink-") as folder:
        socket, log = Path(folder) / "podman.sock", Path(folder) / "log"
        service = _start_service(f"unix://{socket}", log)
        try:
            engine = PodmanEngine(f"unix://{socket}")
            _wait_until_ready(service, engine, log)
            yield engine
        finally:
            _stop(service)


@contextmanager
def _exiting_by_sigterm() -> Iterator[None]:
    """Let SIGTERM end this process by an exception, as Ctrl-C does: what it has started is stopped then."""
    if threading.current_thread() is not threading.main_thread():  # others cannot set what signals do
        yield
        return
    before = signal.signal(signal.SIGTERM, _exit)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _exit(number: int, _: FrameType | None) -> NoReturn:
    sys.exit(128 + number)


def _start_service(address: str, log: Path) -> subprocess.Popen[bytes]:
    command = ("podman", "system", "service", f"--time={_IDLE}", address)
    try:
        with log.open("wb") as output:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=output,
                env={**os.environ, "BUILDAH_ISOLATION": "chroot"},
                # Ctrl-C must not reach the service: we stop it, after cleaning up.
                start_new_session=True,
            )
    except FileNotFoundError:
        raise HeatsinkError(
            "podman is not installed",
            hint="install it with `apt-get install podman`, or use another engine with `--engine-url`",
        ) from None


def _stop(service: subprocess.Popen[bytes]) -> None:
    service.terminate()
    try:
        service.wait(_ENDS_WITHIN)
    except subprocess.TimeoutExpired:  # it still waits for a build
        service.kill()
        service.wait()


def _wait_until_ready(service: subprocess.Popen[bytes], engine: PodmanEngine, log: Path) -> None:
    deadline = time.monotonic() + _STARTS_WITHIN
    while service.poll() is None and time.monotonic() < deadline:
        try:
            return engine.check()
        except HeatsinkError:
            time.sleep(0.05)
    output = log.read_text(errors="replace").strip()
    raise HeatsinkError(f"podman's service did not start: {output or 'no answer'}")
