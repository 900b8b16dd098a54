"""An engine that builds in memory, as its script says, and an observer that remembers."""

from __future__ import annotations

import hashlib
import shlex
import tarfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from compiler.images.build import build
from compiler.images.builder import BuildSettings
from compiler.images.dockerfile import starts_from
from compiler.images.engines.protocol import BuildEngine, BuildRequest, EngineImage, follow
from compiler.images.logs import LogFolder
from compiler.images.outcome import BuildOutcome
from compiler.images.recipe import ImageRecipe


@dataclass
class ScriptedEngine(BuildEngine):
    """The n-th build of an image prints its n-th message; `error` is a failure. Others succeed."""

    script: Mapping[str, Sequence[Mapping[str, str]]] = field(default_factory=dict)
    images: dict[str, EngineImage] = field(default_factory=dict)
    requests: list[BuildRequest] = field(default_factory=list)
    files_of: Mapping[str, Mapping[str, bytes]] = field(default_factory=dict)
    """Reference → path → content."""
    dockerfiles: dict[str, str] = field(default_factory=dict)
    """Reference → the Dockerfile of its last build."""

    def check(self) -> None:
        """It always answers."""

    def image(self, reference: str) -> EngineImage | None:
        return self.images.get(reference)

    def build(self, context: IO[bytes], request: BuildRequest, output: Callable[[str], object]) -> None:
        messages = self.script.get(request.reference, ())
        attempts = sum(request.reference == earlier.reference for earlier in self.requests)
        self.requests.append(request)
        follow(messages[attempts : attempts + 1], output)
        with tarfile.open(fileobj=context) as archive:
            dockerfile = archive.extractfile("Dockerfile")
            assert dockerfile
            content = dockerfile.read().decode()
        start = self.images.get(starts_from(content))
        self.dockerfiles[request.reference] = content
        self.images[request.reference] = EngineImage(
            id=f"sha256:{hashlib.sha256(f'{content}{attempts}'.encode()).hexdigest()}",
            size=1_000_000,
            created="2023-11-14T22:13:20Z",
            labels=labels_of(content),
            layers=(*(start.layers if start else ()), f"layer of {request.reference}"),
        )

    def push(self, reference: str, destination: str, *, verify_tls: bool) -> None:
        """It has no registry."""

    def files(self, reference: str, paths: Sequence[str]) -> dict[str, bytes]:
        files = self.files_of.get(reference, {})
        return {path: files[path] for path in paths if path in files}

    @property
    def built(self) -> list[str]:
        """The references of all builds, in order."""
        return [request.reference for request in self.requests]


def labels_of(dockerfile: str) -> dict[str, str]:
    """The labels of the last line."""
    words = shlex.split(dockerfile.splitlines()[-1].removeprefix("LABEL "))
    return dict(word.split("=", 1) for word in words)


@dataclass
class Remembered:
    """What an observer of a build heard."""

    heard: list[tuple[str, str, str]] = field(default_factory=list)

    def started(self, name: str) -> None:
        self.heard.append(("started", name, ""))

    def step(self, name: str, step: str) -> None:
        self.heard.append(("step", name, step))

    def waiting(self, name: str, failure: str) -> None:
        self.heard.append(("waiting", name, failure))


def toy(
    reference: str, *parents: str, dockerfile: str = "FROM scratch\n", content_hash: str = "1"
) -> ImageRecipe:
    """The recipe of an image without files; its name is the last part of its reference."""
    return ImageRecipe(
        name=reference.rpartition("/")[2].partition(":")[0],
        reference=reference,
        dockerfile=dockerfile,
        context=(),
        parents=parents,
        rootfs=(),
        content_hash=content_hash,
    )


def outcomes(
    engine: BuildEngine,
    folder: Path,
    *recipes: ImageRecipe,
    observer: Remembered | None = None,
    **settings: object,
) -> dict[str, BuildOutcome]:
    """The outcomes of a build by name, with its logs in a folder."""
    made = BuildSettings(logs=LogFolder(folder), **settings)  # type: ignore[arg-type]
    by_name = {recipe.name: recipe for recipe in recipes}
    ended: Iterator[BuildOutcome] = build(engine, by_name, made, observer or Remembered())
    return {outcome.name: outcome for outcome in ended}
