"""What becomes of each image of a build."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Protocol

from compiler.images.engines.protocol import EngineImage


class BuildResult(Enum):
    """The result of building one image."""

    BUILT = "built"
    UNCHANGED = "up to date"
    KEPT = "kept"
    FAILED = "failed"
    NOT_BUILT = "not built"


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildOutcome:
    """The result for one image: what the engine has now, or the reason why it has nothing new."""

    name: str
    result: BuildResult
    seconds: float = 0.0
    reason: str = ""
    image: EngineImage | None = None
    log: Path | None = None
    """The output of the engine, if it was asked to build the image."""
    base: str | None = None
    """The foreign image that it starts from, for the lock; "" if there is none, None if it is not known."""
    packages: Mapping[str, str] | None = None
    """Package → version, for the lock; None if they were not read, or the lock has them."""

    @property
    def available(self) -> bool:
        """Whether the engine has the image now."""
        return self.result in (BuildResult.BUILT, BuildResult.UNCHANGED, BuildResult.KEPT)

    @property
    def is_current(self) -> bool:
        """Whether it is what the image's recipe says now."""
        return self.result in (BuildResult.BUILT, BuildResult.UNCHANGED)


def forgiven(
    outcomes: Iterable[BuildOutcome], parents: Mapping[str, Sequence[str]], allowed: Collection[str]
) -> set[str]:
    """The images that are not available and may fail: by their names, or as children of such images alone.

    Parents must come before their children.
    """
    missing: set[str] = set()
    names: set[str] = set()
    for outcome in outcomes:
        if not outcome.available:
            causes = missing.intersection(parents[outcome.name])
            missing.add(outcome.name)
            if outcome.name in allowed or (causes and causes <= names):
                names.add(outcome.name)
    return names


class BuildObserver(Protocol):
    """Hears, in the builders' threads, what happens while images are built."""

    def started(self, name: str) -> None:
        """An image is really built: it is not up to date."""

    def step(self, name: str, step: str) -> None:
        """The engine has come to a step of the Dockerfile: `3/7`."""

    def waiting(self, name: str, failure: str) -> None:
        """The network has failed, and another attempt follows: `a timeout: attempt 2 of 4 in 5 s`."""
