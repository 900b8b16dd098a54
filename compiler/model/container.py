"""One container of one service, whichever engine will run it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self

from compiler.diagnostics import Problem
from compiler.node import Mapping
from compiler.source import Span

UNIT_NAME = r"[A-Za-z0-9:_.\\-]{1,247}\.service"  # systemd.unit(5): a service, not an instance of a template


def unit_name(container: str) -> str:
    """The unit of a container; the prefix keeps it from shadowing a distribution's own unit."""
    return f"heatsink-{container}.service"


class Backend(StrEnum):
    """How a host runs its containers: a row each, and a module of its name in compiler/stages/emit/."""

    engine: str  # the program that runs the containers
    form: str  # in which they are written, for the schemas

    PODMAN = "podman", "podman", "units that call podman (the default)"
    QUADLET = "quadlet", "podman", "Quadlet files"
    DOCKER = "docker", "docker", "units that call docker"

    def __new__(cls, name: str, engine: str = "", form: str = "") -> Self:
        """A row. Elsewhere `Backend(name)` is the one of that name, as with every enum."""
        backend = str.__new__(cls, name)
        backend._value_ = name
        backend.engine, backend.form = engine, form
        return backend

    @property
    def program(self) -> str:
        """The path of the engine on a host."""
        return f"/usr/bin/{self.engine}"


class Kind(StrEnum):
    """What becomes of a container definition."""

    SERVICE = "service"  # runs until it is stopped; systemd restarts it
    RUN_ONCE = "run-once"  # runs to its end, once for each change of what it runs
    EXEC = "exec"  # a command inside a container that runs already


class Restart(StrEnum):
    """When systemd starts a container again."""

    ALWAYS = "always"
    ON_FAILURE = "on-failure"
    NO = "no"


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """One bind-mount (the source is an absolute path) or named volume (it is a name)."""

    source: str
    target: str
    options: tuple[str, ...] = ()

    @property
    def is_bind(self) -> bool:
        """Whether the source is a path of the host."""
        return self.source.startswith("/")

    @property
    def is_writable(self) -> bool:
        """Whether the container may write to it."""
        return "ro" not in self.options

    def __str__(self) -> str:
        return ":".join((self.source, self.target, *([",".join(self.options)] if self.options else [])))


@dataclass(frozen=True, slots=True, kw_only=True)
class Healthcheck:
    """A command that says whether a container works: text for /bin/sh, or its words. Times in seconds."""

    test: str | tuple[str, ...]
    interval: int = 30
    timeout: int = 30
    retries: int = 3
    start_period: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When a container runs, again and again: at calendar events (systemd.time(7)), or so many seconds after
    its last run began. Up to `random_delay` seconds are added, others on each host."""

    calendar: tuple[str, ...] = ()
    interval: int | None = None
    random_delay: int = 0

    def __str__(self) -> str:
        return ", ".join(self.calendar) if self.interval is None else f"every {self.interval} s"


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """One container of one service on one host, fully specified.

    Keys are those of `container_config` (docs/containers.md). Sizes are as the engines write them (`512m`),
    times in seconds, None or () where a template sets nothing and the engine's own default applies.
    """

    name: str
    service: str
    kind: Kind
    step: int
    start_order: int = 0
    schedule: Schedule | None = None  # RUN_ONCE and EXEC: a timer starts it, again and again
    family: str | None = None  # containers of one family stop together: heatsink-<family>.target
    image: str = ""  # "" only for Kind.EXEC
    container: str = ""  # Kind.EXEC: the container that the command runs in
    command: tuple[str, ...] = ()
    entrypoint: str | None = None
    environment: tuple[tuple[str, str], ...] = ()
    env_files: tuple[str, ...] = ()
    network: str = "host"
    pid: str | None = None
    ipc: str | None = None
    uts: str | None = None
    cgroupns: str | None = None
    privileged: bool = False
    user: str | None = None
    groups: tuple[str, ...] = ()
    volumes: tuple[Volume, ...] = ()
    volumes_from: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    tmpfs: tuple[str, ...] = ()
    cap_add: tuple[str, ...] = ()
    cap_drop: tuple[str, ...] = ()
    security_opt: tuple[str, ...] = ()
    ulimits: tuple[str, ...] = ()
    sysctls: tuple[tuple[str, str], ...] = ()
    extra_hosts: tuple[str, ...] = ()
    hostname: str | None = None
    annotations: tuple[tuple[str, str], ...] = ()
    labels: tuple[tuple[str, str], ...] = ()
    pids_limit: int | None = None
    memory: str | None = None
    memory_swap: str | None = None
    memory_reservation: str | None = None
    memory_swappiness: int | None = None
    cpu_shares: int | None = None
    cpu_period: int | None = None
    cpu_quota: int | None = None
    cpuset_cpus: str | None = None
    cpuset_mems: str | None = None
    blkio_weight: int | None = None
    log_tag: str | None = None
    tty: bool = False
    stop_signal: str | None = None
    stop_grace_period: int = 42
    healthcheck: Healthcheck | None = None
    no_healthcheck: bool = False  # not even the image's own
    restart: Restart = Restart.NO
    restart_retries: int | None = None  # of `on-failure:N`
    exit_codes: tuple[int, ...] = (0,)
    timeout: int = 900  # a start, or a run-once container's whole run, may take this long
    depends_on: tuple[str, ...] = ()  # units: Wants= and After=
    requires: tuple[str, ...] = ()  # containers of this host: Requires= and After=
    after: tuple[str, ...] = ()  # containers of this host: After=
    kill_mode: str | None = None
    pre_stop_exec: tuple[str, ...] = ()
    reload_command: tuple[str, ...] = ()  # in the container; without it and a signal, no unit reloads
    reload_signal: str | None = None
    systemd_exec_flags: tuple[tuple[str, str], ...] = ()  # further lines of [Service], as TripleO's key does
    documentation: tuple[str, ...] = ()  # URIs
    alias: str | None = None  # another name of the unit, such as tripleo_keystone.service
    files: tuple[str, ...] = ()  # paths of artifacts it reads: it restarts when one changes
    stamp: str | None = None  # RUN_ONCE and EXEC without a schedule: the file that says it has run
    sources: tuple[str, ...] = ()  # `file: parameters` lines for X-Source=
    places: tuple[str, ...] = field(default=(), compare=False)  # the same with line numbers, for plans
    hidden: frozenset[str] = field(default=frozenset(), compare=False)  # variables with a hidden value
    written: Mapping | None = field(default=None, compare=False, repr=False)  # its definition, for messages
    place: Span | None = field(default=None, compare=False, repr=False)  # where that begins

    @property
    def runs_once(self) -> bool:
        """Whether it runs to its end once for each change of what it runs."""
        return self.kind is not Kind.SERVICE and self.schedule is None

    @property
    def started_unit(self) -> str:
        """The unit that its step starts: its own, or the timer that does so again and again."""
        return f"heatsink-{self.name}.timer" if self.schedule else unit_name(self.name)

    @property
    def is_bridged(self) -> bool:
        """Whether it has a network of its own, to which the engine joins it."""
        kind = self.network.partition(":")[0]
        return kind not in ("host", "none", "container", "ns", "pasta", "slirp4netns")

    def key_span(self, key: str) -> Span | None:
        """Where a key of the definition is written, for messages."""
        return self.written.key_span(key) if self.written and key in self.written.entries else self.place


@dataclass(frozen=True, slots=True)
class Refusal:
    """What cannot be done for a container: the key that asks for it, whether it does, and why not."""

    key: str
    is_wrong: Callable[[Container], bool]
    reason: str

    def problem(self, container: Container) -> Problem:
        """The error for a container."""
        message = f"`{self.key}` of container `{container.name}` {self.reason}"
        return Problem(message, container.key_span(self.key))
