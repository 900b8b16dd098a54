"""podman, by its SDK."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any

import podman
from podman.errors import APIError, ImageNotFound, NotFound

from compiler.diagnostics import HeatsinkError
from compiler.images.engines.address import no_answer
from compiler.images.engines.protocol import (
    BuildEngine,
    BuildRequest,
    EngineImage,
    archived_files,
    engine_image,
    follow,
    refused_push,
)

_ANSWERS_WITHIN = 10  # seconds
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"


@dataclass(frozen=True, slots=True)
class PodmanEngine(BuildEngine):
    """A podman that listens at a URL."""

    url: str

    def check(self) -> None:
        """Raise HeatsinkError if no podman answers."""
        try:
            with podman.PodmanClient(base_url=self.url, timeout=_ANSWERS_WITHIN) as client:
                if client.ping():
                    return
        except (APIError, OSError) as error:
            raise no_answer("podman", self.url, error) from error
        raise no_answer("podman", self.url, "another engine listens there")

    def image(self, reference: str) -> EngineImage | None:
        """An image, or None if podman does not have it."""
        with self._client() as client:
            try:
                return engine_image(client.images.get(reference).attrs)
            except ImageNotFound:
                return None

    def build(self, context: IO[bytes], request: BuildRequest, output: Callable[[str], object]) -> None:
        """Build an image; the SDK's own call prints nothing before the build has ended.

        https://docs.podman.io/en/latest/_static/api.html#tag/images/operation/ImageBuildLibpod
        """
        with self._client() as client:
            answer = client.api.post(
                "/build",
                params=_parameters(request),
                data=context,
                headers={"Content-Type": "application/x-tar"},
                stream=True,
            )
            answer.raise_for_status()
            follow(map(json.loads, answer.iter_lines()), output)

    def push(self, reference: str, destination: str, *, verify_tls: bool) -> None:
        """Copy an image to a registry under another name. Raises HeatsinkError."""
        with self._client() as client:
            try:
                client.images.push(reference, destination=destination, tlsVerify=verify_tls)
            except APIError as error:
                raise refused_push(destination, error.explanation or error, verify_tls=verify_tls) from error

    def files(self, reference: str, paths: Sequence[str]) -> dict[str, bytes]:
        """Path → content of regular files of an image, from a container that is never started."""
        with self._client() as client:
            container = client.containers.create(reference, command=["none"])
            try:
                return dict(archived_files(container, paths, NotFound))
            finally:
                container.remove(force=True)

    @contextmanager
    def _client(self) -> Iterator[Any]:
        with podman.PodmanClient(base_url=self.url) as client:
            try:
                yield client
            except APIError as error:
                raise HeatsinkError(f"podman: {error.explanation or error}") from error
            except OSError as error:
                raise HeatsinkError(f"podman does not answer any more: {error}") from error


def _parameters(request: BuildRequest) -> dict[str, object]:
    return {
        "dockerfile": "Dockerfile",
        "t": request.reference,
        "networkmode": "host",
        "nocache": not request.cached,
        "pullpolicy": "always" if request.pull else "missing",
        "layers": True,
        "rm": True,
        "forcerm": True,
        "outputformat": _MANIFEST,
        "buildargs": json.dumps(request.arguments),
        **({} if request.epoch is None else {"timestamp": request.epoch}),
    }
