"""The engine that builds images: podman's SDK with a podman service that runs as long as the command.

The service isolates builds with chroot, which needs neither cgroups nor a network namespace of the machine,
so that builds also work inside a container or a CI runner.
https://docs.podman.io/en/latest/markdown/podman-system-service.1.html
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import podman
from podman.errors import APIError, BuildError, ImageNotFound

from compiler.diagnostics import HeatsinkError

HASH_LABEL = "heatsink.content-hash"
_STARTS_WITHIN = 30.0
_ENDS_WITHIN = 5.0
_IDLE = 600  # seconds without a request after which a service exits, in case we were killed
_QUOTED = 60  # characters shown of both ends of a long error


class BuildFailedError(HeatsinkError):
    """The engine could not build an image; `log` has its last lines of output."""

    def __init__(self, message: str, log: tuple[str, ...]) -> None:
        super().__init__(message)
        self.log = log


@dataclass(frozen=True, slots=True)
class BuildEngine:
    """A running engine at a socket. Threads may share it: each operation opens a connection of its own."""

    url: str
    log_lines: int = field(default=25, kw_only=True)

    def content_hash(self, reference: str) -> str | None:
        """The hash of the content that an image was built from, or None if the image does not exist."""
        image = self._image(reference)
        return None if image is None else (image.labels or {}).get(HASH_LABEL)

    def image_id(self, reference: str) -> str | None:
        """The digest of an image's configuration, `sha256:…`, or None if the image does not exist."""
        image = self._image(reference)
        return None if image is None else f"sha256:{image.id.removeprefix('sha256:')}"

    def build(self, context: IO[bytes], reference: str, content_hash: str, *, cached: bool) -> None:
        """Build an image from a context archive. Raises BuildFailedError."""
        with self._client() as client:
            try:
                client.images.build(
                    fileobj=context,
                    custom_context=True,
                    dockerfile="Dockerfile",
                    tag=reference,
                    labels={HASH_LABEL: content_hash},
                    network_mode="host",
                    nocache=not cached,
                    rm=True,
                    forcerm=True,
                )
            except BuildError as error:
                raise BuildFailedError(_short(str(error.msg)), self._last_lines(error.build_log)) from error

    def push(self, reference: str, destination: str, *, verify_tls: bool) -> None:
        """Copy an image to a registry under another name. Raises HeatsinkError."""
        with self._client() as client:
            try:
                client.images.push(reference, destination=destination, tlsVerify=verify_tls)
            except APIError as error:
                raise HeatsinkError(
                    f"cannot push `{destination}`: {error.explanation or error}",
                    hint=None if not verify_tls else "for a registry without TLS use `--insecure-registry`",
                ) from error

    def _image(self, reference: str) -> Any | None:
        with self._client() as client:
            try:
                return client.images.get(reference)
            except ImageNotFound:
                return None

    @contextmanager
    def _client(self) -> Iterator[Any]:
        with podman.PodmanClient(base_url=self.url) as client:
            try:
                yield client
            except APIError as error:
                raise HeatsinkError(f"podman: {error.explanation or error}") from error

    def _last_lines(self, stream: Iterable[str]) -> tuple[str, ...]:
        output = "".join(str(json.loads(line).get("stream", "")) for line in stream)
        return tuple(output.splitlines()[-self.log_lines :])


def _short(message: str) -> str:
    """An error without the middle part of a long step that it quotes."""
    text = " ".join(message.split())
    return text if len(text) <= 2 * _QUOTED else f"{text[:_QUOTED]} … {text[-_QUOTED:]}"


@contextmanager
def own_engine() -> Iterator[BuildEngine]:
    """A podman service on a private socket, stopped at the end."""
    with tempfile.TemporaryDirectory(prefix="heatsink-") as folder:
        socket, log = Path(folder) / "podman.sock", Path(folder) / "log"
        service = _start_service(f"unix://{socket}", log)
        try:
            engine = BuildEngine(f"http+unix://{socket}")
            _wait_until_ready(service, engine, log)
            yield engine
        finally:
            _stop(service)


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
            "podman is not installed", hint="install it with `apt-get install podman`"
        ) from None


def _stop(service: subprocess.Popen[bytes]) -> None:
    service.terminate()
    try:
        service.wait(_ENDS_WITHIN)
    except subprocess.TimeoutExpired:  # it still waits for a build
        service.kill()
        service.wait()


def _wait_until_ready(service: subprocess.Popen[bytes], engine: BuildEngine, log: Path) -> None:
    deadline = time.monotonic() + _STARTS_WITHIN
    while service.poll() is None and time.monotonic() < deadline:
        try:
            with podman.PodmanClient(base_url=engine.url) as client:
                if client.ping():
                    return
        except (APIError, OSError):
            time.sleep(0.05)
    output = log.read_text(errors="replace").strip()
    raise HeatsinkError(f"podman's service did not start: {output or 'no answer'}")
