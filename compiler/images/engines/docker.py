"""docker, by its SDK, which builds with docker's classic builder."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import IO

import docker
from docker.errors import APIError, DockerException, ImageNotFound, NotFound

from compiler.diagnostics import HeatsinkError
from compiler.images.engines.address import no_answer, reachable
from compiler.images.engines.protocol import (
    BuildEngine,
    BuildFailedError,
    BuildRequest,
    EngineImage,
    archived_files,
    engine_image,
    follow,
    refused_push,
)

_ANSWERS_WITHIN = 10  # seconds
_SOCKET = "/var/run/docker.sock"


@dataclass(frozen=True, slots=True)
class DockerEngine(BuildEngine):
    """A docker that listens at a URL."""

    url: str

    def check(self) -> None:
        """Raise HeatsinkError if no docker answers."""
        try:
            with closing(docker.DockerClient(base_url=self.url, timeout=_ANSWERS_WITHIN)) as client:
                client.ping()
        except (DockerException, OSError) as error:
            raise no_answer("docker", self.url, error) from error

    def image(self, reference: str) -> EngineImage | None:
        """An image, or None if docker does not have it."""
        with self._client() as client:
            try:
                return engine_image(client.images.get(reference).attrs)
            except ImageNotFound:
                return None

    def build(self, context: IO[bytes], request: BuildRequest, output: Callable[[str], object]) -> None:
        """Build an image. Its own times are those of the build: the classic builder takes no others."""
        with self._client() as client:
            messages = client.api.build(
                fileobj=context,
                custom_context=True,
                dockerfile="Dockerfile",
                tag=request.reference,
                buildargs=request.arguments,
                network_mode="host",
                nocache=not request.cached,
                pull=request.pull,
                rm=True,
                forcerm=True,
                decode=True,
            )
            follow(messages, output)

    def push(self, reference: str, destination: str, *, verify_tls: bool) -> None:
        """Copy an image to a registry under another name. Raises HeatsinkError.

        docker uses plain HTTP only for registries on loopback and those of its own configuration.
        """
        repository, _, tag = destination.rpartition(":")
        with self._client() as client:
            client.api.tag(reference, repository, tag)
            try:
                follow(client.api.push(repository, tag, stream=True, decode=True), lambda _text: None)
            except (BuildFailedError, APIError) as error:
                raise refused_push(destination, error, verify_tls=verify_tls) from error
            finally:
                client.api.remove_image(destination, noprune=True)

    def files(self, reference: str, paths: Sequence[str]) -> dict[str, bytes]:
        """Path → content of regular files of an image, from a container that is never started."""
        with self._client() as client:
            container = client.containers.create(reference, command=["none"])
            try:
                return dict(archived_files(container, paths, NotFound))
            finally:
                container.remove(force=True)

    @contextmanager
    def _client(self) -> Iterator[docker.DockerClient]:
        try:
            with closing(docker.DockerClient(base_url=self.url)) as client:
                yield client
        except APIError as error:
            raise HeatsinkError(f"docker: {error.explanation or error}") from error
        except (DockerException, OSError) as error:
            raise HeatsinkError(f"docker does not answer any more: {error}") from error


@contextmanager
def local_engine() -> Iterator[BuildEngine]:
    """The docker of `DOCKER_HOST`, or else of this machine."""
    with reachable(os.environ.get("DOCKER_HOST") or f"unix://{_SOCKET}", _SOCKET) as address:
        engine = DockerEngine(address)
        engine.check()
        yield engine
