"""What compiling makes: files, links and units, and the manifest that lists them for one host."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from compiler.host import manifest
from compiler.model import secret


@dataclass(frozen=True, kw_only=True)
class File:
    """One file of one host, as it will lie there. `path` is absolute."""

    path: str
    content: bytes
    mode: int = 0o644
    owner: str = "root:root"
    shared: bool = True  # other hosts may hold it too
    sensitive: bool = False  # holds a secret's reference or value: 0600, shown by `diff` only as changed

    @cached_property
    def sha256(self) -> str:
        """Hex digest of the content."""
        return hashlib.sha256(self.content).hexdigest()

    @cached_property
    def secrets(self) -> frozenset[str]:
        """The secrets that the content refers to."""
        return secret.names(self.content.decode(errors="replace")) if self.sensitive else frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One symbolic link of one host; `target` is as readlink says it."""

    path: str
    target: str


class UnitKind(StrEnum):
    """What the host program does with a unit."""

    SERVICE = manifest.SERVICE  # is up when active
    RUN_ONCE = manifest.RUN_ONCE  # is done when its stamp exists
    TARGET = manifest.TARGET  # is reached


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """One unit of one host and what the host program must know to start, restart and judge it."""

    name: str
    kind: UnitKind
    service: str = ""
    container: str = ""
    step: int = 0  # 1-5; 0 for targets that belong to no step
    order: int = 0  # start_order within the step
    files: tuple[str, ...] = ()  # artifacts whose change restarts it, its own unit file first
    images: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()  # named volumes that its container mounts
    stamp: str | None = None
    health: bool = False  # the engine reports health for its container


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifacts:
    """Files, links and units that belong together; those of a host are the sum of many."""

    files: tuple[File, ...] = ()
    links: tuple[Link, ...] = ()
    units: tuple[Unit, ...] = ()

    def __add__(self, other: Artifacts) -> Artifacts:
        return Artifacts(
            files=self.files + other.files, links=self.links + other.links, units=self.units + other.units
        )
