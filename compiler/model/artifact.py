"""What compiling produces for a host: files, links and units."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from compiler.host import manifest
from compiler.model import secret


@dataclass(frozen=True, kw_only=True)
class File:
    """One file of one host, as it will be installed. `path` is absolute."""

    path: str
    content: bytes
    mode: int = 0o644
    owner: str = "root:root"
    shared: bool = True  # other hosts may have it too
    sensitive: bool = False  # contains a reference to a secret or its value: mode 0600
    unsourced: bytes | None = None  # the content without the lines that say which files it comes from, if any
    public: bytes | None = None  # what decides about its content without hidden values, if it has any
    takes_over: tuple[str, ...] = ()  # paths whose originals are kept: its own, or those that its lines write
    places: tuple[str, ...] = field(default=(), compare=False)  # of what is in it: `site.yaml:3 WebPort`

    @property
    def is_private(self) -> bool:
        """Whether only root may read it on a host; in the build folder, only its owner."""
        return self.sensitive or not self.mode & 0o044

    @cached_property
    def sha256(self) -> str:
        """Hex digest of the content."""
        return hashlib.sha256(self.content).hexdigest()

    @cached_property
    def meaning(self) -> str:
        """Hex digest of what decides about a restart."""
        return self.sha256 if self.unsourced is None else hashlib.sha256(self.unsourced).hexdigest()

    @cached_property
    def secrets(self) -> frozenset[str]:
        """The secrets that the content refers to."""
        return secret.names(self.content.decode(errors="replace")) if self.sensitive else frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One symbolic link of one host; `target` is what readlink prints."""

    path: str
    target: str


class UnitKind(StrEnum):
    """How the host program judges a unit."""

    SERVICE = manifest.SERVICE  # up when active; a timer, too
    RUN_ONCE = manifest.RUN_ONCE  # done when its stamp exists
    SCHEDULED = manifest.SCHEDULED  # started by a timer, never by a push; up unless its last run has failed
    TARGET = manifest.TARGET  # only groups other units


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """One unit of one host: what is needed to start, restart and judge it."""

    name: str
    kind: UnitKind
    service: str = ""
    container: str = ""
    alias: str | None = None  # another name that its own file gives it
    step: int = 0  # of a target that belongs to no step 0
    order: int = 0  # start_order within the step
    files: tuple[str, ...] = ()  # artifacts whose change restarts it, its own unit file first
    images: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()  # named volumes that its container mounts
    stamp: str | None = None
    health: bool = False  # the engine reports health for its container


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifacts:
    """Files, links and units that belong together; a host's are the sum of many."""

    files: tuple[File, ...] = ()
    links: tuple[Link, ...] = ()
    units: tuple[Unit, ...] = ()

    def __add__(self, other: Artifacts) -> Artifacts:
        return Artifacts(
            files=self.files + other.files, links=self.links + other.links, units=self.units + other.units
        )
