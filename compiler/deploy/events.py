"""Events that the host program reports, as values; reading.py makes them.

Every command that talks with hosts imports them all: two dozen dataclasses take as long as the rest of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple


class Progress(NamedTuple):
    """What the host is doing."""

    text: str


class HostWarning(NamedTuple):
    """What no plan can know, and the operator should."""

    text: str


class HostRefusal(NamedTuple):
    """Why the host does not do what it was asked, and what to do next; it ends the conversation."""

    message: str
    hint: str


class Missing(NamedTuple):
    """The files that the host does not have, by sha256, in the order in which they are to be sent."""

    blobs: tuple[str, ...]


class Item(NamedTuple):
    """What a plan says of one thing: a word for what it is or what happens to it, and its name."""

    what: str
    name: str


class PlannedUnit(NamedTuple):
    """What happens to one unit, and why (compiler/host/jobs.py has the words)."""

    unit: str
    step: int | None  # None: before files are installed
    action: str  # stop, start, restart, run
    why: str
    stops_with: str = ""  # the unit with which systemd stops it; "" if heatsink does
    causes: tuple[Item, ...] = ()  # what it reads that differs: unit, file, image, secret
    sources: tuple[str, ...] = ()  # the template and the environments that this comes from


class PlanSummary(NamedTuple):
    """What a plan changes: paths of files and links, names of units, and the same units with reasons."""

    writes: tuple[str, ...] = ()
    added: tuple[str, ...] = ()  # those of `writes` where nothing is yet
    private: tuple[str, ...] = ()  # those that contain secrets
    removals: tuple[str, ...] = ()
    stops: tuple[str, ...] = ()
    starts: tuple[str, ...] = ()
    units: tuple[PlannedUnit, ...] = ()
    untouched: tuple[str, ...] = ()
    pulls: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()  # those that are made
    consents: tuple[Item, ...] = ()  # what an operator has to agree to: removes, takes
    irreversible: tuple[Item, ...] = ()  # what no rollback undoes: runs, applies, forgets, destroys
    digest: str = ""  # of the plan, and of all that it depends on
    texts: Mapping[str, str] = MappingProxyType({})  # path → what is in it now, if that was requested

    @property
    def destroyed(self) -> tuple[str, ...]:
        """The volumes that are destroyed."""
        return tuple(item.name for item in self.irreversible if item.what == "destroys")

    @property
    def is_empty(self) -> bool:
        """Whether nothing changes, and nobody has to agree to anything."""
        return not (
            self.writes or self.removals or self.stops or self.starts or self.consents or self.destroyed
        )


class ImagesPulled(NamedTuple):
    """The host has all images; nothing else is changed yet."""


class FilesInstalled(NamedTuple):
    """All files are in their places; nothing is started yet."""


class UnitFailure(NamedTuple):
    """A unit that did not come up: why, the last lines of its journal, and what to do next."""

    unit: str
    why: str
    journal: tuple[str, ...]
    hint: str


class StepEnded(NamedTuple):
    """The units of a step were started, and are up unless they failed."""

    started: tuple[str, ...]
    failed: tuple[UnitFailure, ...]
    aftermath: str = ""  # what has become of the host, if units failed


class Unconfirmed(NamedTuple):
    """Everything is up. Unless the change with this seal is confirmed, the host undoes it."""

    seal: str
    generation: int  # which the change makes current


class Activated(NamedTuple):
    """Everything is up and confirmed, and this generation is current."""

    generation: int


class UnitStatus(NamedTuple):
    """One unit of one host, as systemd and the engine report it."""

    service: str
    unit: str
    container: str
    step: int
    up: bool  # active, healthy, not restarted lately; of a run-once unit: done
    state: str  # `active (running)`, `failed`, `done`, `no container`, …
    since: int | None  # seconds since 1970
    restarts: int
    health: str  # healthy, unhealthy, starting, unknown; "" without a health check
    why: str  # it is not up, if `state` does not say it


class UnitsReported(NamedTuple):
    """The generation that is installed (0: none), the last one that came up completely, and its units."""

    at: int  # the time on the host, in seconds since 1970
    generation: int
    name: str  # of the generation, the same on all hosts
    manifest: str | None  # its sha256
    current: int
    pending: str  # the change that is not confirmed yet, and whose it is; "" if there is none
    changed: tuple[str, ...]  # the files and links that are not as they were installed
    problems: tuple[str, ...]  # what is damaged, or cannot be found out
    units: tuple[UnitStatus, ...]
    certificates: Mapping[str, str]  # the certificates among the host's secrets, in PEM format


class KeptGeneration(NamedTuple):
    """A generation that can be returned to; it has the name of every push that has made it current."""

    number: int
    names: tuple[str, ...]  # none of an earlier version


class PastChange(NamedTuple):
    """A change that was done: its name, which begins with its time, and what has become current."""

    change: str
    generation: int


class GenerationsKept(NamedTuple):
    """The generations that a host has, newest first, and the numbers of two of them; 0: there is none."""

    current: int
    previous: int  # what was there before the last change
    change: str  # the name of that change, the same on all of its hosts
    generations: tuple[KeptGeneration, ...]
    past: tuple[PastChange, ...] = ()  # newest first


@dataclass(frozen=True, slots=True, kw_only=True)  # a tuple has a `count` already
class ChangedThings:
    """How many files or units a change was to write, remove, start or stop, and the names of the first."""

    what: str  # written, removed, started, stopped
    count: int
    names: tuple[str, ...]


class RecordedChange(NamedTuple):
    """A change in a host's history; one that an earlier version recorded has texts that are empty."""

    at: int  # when it ended, in seconds since 1970 by the host's clock
    result: str  # done, reverted, incomplete
    why: str  # it was not done
    action: str  # push, rollback, remove
    change: str  # the name of the command, the same on all of its hosts
    by: str
    generation: int  # the one that was wanted; 0: nothing
    name: str
    source: str  # the commit of the folder that was compiled
    plan: str  # its digest
    changed: tuple[ChangedThings, ...]


class HistoryReported(NamedTuple):
    """The newest changes of a host, newest first."""

    changes: tuple[RecordedChange, ...]


class Comparison(NamedTuple):
    """The plan that leads from one kept generation to another, and what is in files of the other."""

    plan: PlanSummary
    texts: Mapping[str, str]


class SecretsReported(NamedTuple):
    """The names of the secrets that the host has, and their values if these were asked for."""

    names: tuple[str, ...]
    values: Mapping[str, str]

    def __repr__(self) -> str:
        """Without the values."""
        return f"SecretsReported(names={self.names!r})"


Event = (
    Progress
    | HostWarning
    | HostRefusal
    | Missing
    | PlanSummary
    | ImagesPulled
    | FilesInstalled
    | StepEnded
    | Unconfirmed
    | Activated
    | UnitsReported
    | GenerationsKept
    | HistoryReported
    | Comparison
    | SecretsReported
)
