"""What an engine does for images, and what all of them share."""

from __future__ import annotations

import io
import tarfile
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any, Protocol

from compiler.diagnostics import HeatsinkError

EPOCH = "SOURCE_DATE_EPOCH"  # https://reproducible-builds.org/docs/source-date-epoch/
HASH_LABEL = "heatsink.content-hash"
_QUOTED = 60  # characters shown of both ends of a long error


class BuildFailedError(HeatsinkError):
    """The engine could not build an image; it has printed why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineImage:
    """An image as an engine has it: the digest of its configuration, `sha256:…`, and its bytes."""

    id: str
    size: int
    created: str
    """The time, as in RFC 3339."""
    labels: Mapping[str, str]
    layers: tuple[str, ...] = ()
    """The digests of what is in its layers, the lowest first."""
    digests: tuple[str, ...] = ()
    """References to it in registries, `registry.example/debian@sha256:…`."""

    @property
    def content_hash(self) -> str | None:
        """The hash of the content that it was built from; None if heatsink did not build it."""
        return self.labels.get(HASH_LABEL)


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildRequest:
    """What an engine needs to know to build an image, beside its context archive."""

    reference: str
    cached: bool = True
    pull: bool = False
    """Whether images of registries that it is built on are pulled, even if the engine has them."""
    epoch: int | None = None
    """Seconds since 1970 for all times in the image, where the engine can."""
    build_args: tuple[tuple[str, str], ...] = ()

    @property
    def arguments(self) -> dict[str, str]:
        """Arguments of the build, for `ARG` of the Dockerfile, with the time."""
        times = {} if self.epoch is None else {EPOCH: str(self.epoch)}
        return {**dict(self.build_args), **times}


class BuildEngine(Protocol):
    """An engine at a socket. Threads may share it: each operation opens a connection of its own."""

    @abstractmethod
    def check(self) -> None:
        """Raise HeatsinkError if the engine does not answer."""

    @abstractmethod
    def image(self, reference: str) -> EngineImage | None:
        """An image, or None if the engine does not have it."""

    @abstractmethod
    def build(self, context: IO[bytes], request: BuildRequest, output: Callable[[str], object]) -> None:
        """Build an image from a context archive, and call `output` with what is printed meanwhile.

        Raises BuildFailedError.
        """

    @abstractmethod
    def push(self, reference: str, destination: str, *, verify_tls: bool) -> None:
        """Copy an image to a registry under another name. Raises HeatsinkError."""

    def labels(self, reference: str) -> Mapping[str, str] | None:
        """The labels of an image, or None if the image does not exist."""
        image = self.image(reference)
        return image.labels if image else None

    @abstractmethod
    def files(self, reference: str, paths: Sequence[str]) -> dict[str, bytes]:
        """Path → content of regular files of an image, without those that it lacks. Nothing of it is run."""

    def content_hash(self, reference: str) -> str | None:
        """The hash of the content that an image was built from, or None if the image does not exist."""
        image = self.image(reference)
        return image.content_hash if image else None

    def image_id(self, reference: str) -> str | None:
        """The digest of an image's configuration, or None if the image does not exist."""
        image = self.image(reference)
        return image.id if image else None


def engine_image(attributes: Mapping[str, Any]) -> EngineImage:
    """An image as podman's and docker's API describe it."""
    labels = (attributes.get("Config") or {}).get("Labels") or attributes.get("Labels") or {}
    return EngineImage(
        id=f"sha256:{attributes['Id'].removeprefix('sha256:')}",
        size=attributes["Size"],
        created=attributes["Created"],
        labels=labels,
        layers=tuple((attributes.get("RootFS") or {}).get("Layers") or ()),
        digests=tuple(attributes.get("RepoDigests") or ()),
    )


def archived_files(
    container: Any, paths: Sequence[str], absent: type[Exception]
) -> Iterator[tuple[str, bytes]]:
    """Path → content of regular files of a container of an SDK, which raises `absent` for those it lacks."""
    for path in paths:
        try:
            archive, _ = container.get_archive(path)
        except absent:
            continue
        if (content := _archived_file(archive)) is not None:
            yield path, content


def _archived_file(archive: Iterable[bytes]) -> bytes | None:
    """The content of the regular file that is alone in a tar archive; None if it is something else."""
    with tarfile.open(fileobj=io.BytesIO(b"".join(archive))) as opened:
        member = opened.next()
        content = opened.extractfile(member) if member and member.isreg() else None
        return content.read() if content else None


def follow(messages: Iterable[Mapping[str, Any]], output: Callable[[str], object]) -> None:
    """Hand on what an engine prints while it builds or pushes. Raises BuildFailedError if it says so."""
    for message in messages:
        if "error" in message:
            output(f"{str(message['error']).rstrip()}\n")
            raise BuildFailedError(_short(str(message["error"])))
        if "progress" not in message:
            output(str(message.get("stream") or _status(message)))


def _status(message: Mapping[str, Any]) -> str:
    """A line of docker about what it pulls: `1f3e46996e29: Pull complete`."""
    words = [str(message[key]) for key in ("id", "status") if key in message]
    return f"{': '.join(words)}\n" if words else ""


def _short(message: str) -> str:
    """An error without the middle part of a long step that it quotes."""
    text = " ".join(message.split())
    return text if len(text) <= 2 * _QUOTED else f"{text[:_QUOTED]} … {text[-_QUOTED:]}"


def refused_push(destination: str, cause: object, *, verify_tls: bool) -> HeatsinkError:
    """The error of a push that failed."""
    hint = "for a registry without TLS use `--insecure-registry`" if verify_tls else None
    return HeatsinkError(f"cannot push `{destination}`: {cause}", hint=hint)
