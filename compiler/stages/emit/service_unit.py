"""What the units of all backends share: names, order, dependencies, and where they come from."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable

from compiler.host.layout import ENVIRONMENTS, UNITS
from compiler.model import secret
from compiler.model.artifact import Artifacts, File, Link, Unit, UnitKind
from compiler.model.container import Container, Kind, Restart, unit_name
from compiler.stages.emit import unit
from compiler.stages.emit.unit import Entry, Section, UnitFile

TARGET = "heatsink.target"
SLICE = "heatsink.slice"
# Podman's generator sets the identifier as well: `journalctl --identifier heatsink-x` works on every backend.
PLACE: tuple[Entry, ...] = (("Slice", SLICE), ("SyslogIdentifier", "%N"))
RETRY_SECONDS = 5
RUN_ONCE_TRIES = 5


def step_target(step: int) -> str:
    """The target that a step's units belong to."""
    return f"heatsink-step{step}.target"


def family_target(family: str) -> str:
    """The target with which a family of containers is stopped and started."""
    return f"heatsink-{family}.target"


def family(container: Container) -> str | None:
    """The family that stops it, or None: a run-once container that is stopped would stop its step too."""
    return None if container.runs_once else container.family


def unit_section(
    container: Container, *, after: tuple[str, ...] = (), wants: tuple[str, ...] = ()
) -> list[Entry]:
    """[Unit] of a container: everything but what the backend adds by `after` and `wants`."""
    requires = tuple(unit_name(name) for name in container.requires)
    ordered = tuple(unit_name(name) for name in container.after)
    step = (step_target(container.step - 1),) if container.step > 1 else ()
    entries = origin(container)
    entries += unit.several("Wants", dict.fromkeys((*wants, *container.depends_on)))
    entries += unit.several("Requires", requires)
    entries += unit.several(
        "After", dict.fromkeys((*step, *after, *container.depends_on, *requires, *ordered))
    )
    entries += unit.several("RequiresMountsFor", _mounted(container))
    return entries + (_tries(container) if container.runs_once else _start_limit(container))


def origin(container: Container) -> list[Entry]:
    """What [Unit] says first: what it is, where it comes from, and what it is stopped with."""
    own = family(container)
    return [
        ("Description", unit.plain(f"{container.name} ({container.service}, step {container.step})")),
        *(("X-Source", unit.plain(source)) for source in container.sources),
        *unit.several("Documentation", map(unit.plain, container.documentation)),
        *unit.several("PartOf", (TARGET, *([family_target(own)] if own else []))),
    ]


def _tries(container: Container) -> list[Entry]:
    """When a run-once container runs, and how often it is tried."""
    assert container.stamp is not None
    return [
        ("ConditionPathExists", unit.plain(f"!{container.stamp}")),
        # tries are RETRY_SECONDS apart and each may last as long as its timeout
        ("StartLimitIntervalSec", str(RUN_ONCE_TRIES * (container.timeout + RETRY_SECONDS))),
        ("StartLimitBurst", str(RUN_ONCE_TRIES)),
    ]


def _start_limit(container: Container) -> list[Entry]:
    """The limit of starts: there is none (systemd's default is five in ten seconds), unless `on-failure:N`
    sets one."""
    if container.restart_retries is None:
        return [("StartLimitIntervalSec", "0")]
    return [("StartLimitIntervalSec", "3600"), ("StartLimitBurst", str(container.restart_retries + 1))]


def _mounted(container: Container) -> tuple[str, ...]:
    """Bind sources that may lie on a file system of their own."""
    early = ("/dev/", "/proc/", "/run/", "/sys/")
    paths = {volume.source for volume in container.volumes if volume.is_bind}
    return tuple(
        unit.word(path) for path in sorted(paths) if path != "/" and not f"{path}/".startswith(early)
    )


def restart_entries(container: Container) -> list[Entry]:
    """Restart=: a service by its own policy, a run-once container until it succeeds or has no tries left. One
    with a schedule runs again when it is time."""
    if container.schedule:
        return []
    policy = container.restart if container.kind is Kind.SERVICE else Restart.ON_FAILURE
    return [("Restart", policy), ("RestartSec", str(RETRY_SECONDS))]


def reload_entries(container: Container, engine: str) -> list[Entry]:
    """ExecReload=, only where a template says how: a signal that a program does not expect ends it.

    Quadlet's ReloadCmd= and ReloadSignal= came with podman 5.5.
    """
    if container.reload_signal:
        words = (engine, "kill", "--signal", container.reload_signal, container.name)
        return [("ExecReload", unit.command(words))]
    if container.reload_command:
        return [("ExecReload", unit.command((engine, "exec", container.name, *container.reload_command)))]
    return []


def timeouts(container: Container) -> list[Entry]:
    """Start and stop timeouts. A service is stopped by its engine, with a minute more than the container has;
    a run-once container is stopped by systemd itself."""
    stop = container.stop_grace_period + (60 if container.kind is Kind.SERVICE else 0)
    return [("TimeoutStartSec", str(container.timeout)), ("TimeoutStopSec", str(stop))]


def exit_codes(container: Container) -> list[Entry]:
    """Exit codes that mean success: the container's own, and SIGTERM's when it is stopped."""
    further = [str(code) for code in container.exit_codes if code != 0]
    return unit.several("SuccessExitStatus", [*further, *(["143"] if container.kind is Kind.SERVICE else [])])


def stamped(container: Container) -> list[Entry]:
    """What keeps a oneshot from running again: its stamp, with the folder above it. None with a schedule."""
    if container.schedule:
        return []
    assert container.stamp is not None
    touch = ("/usr/bin/install", "-D", "-m", "0644", "/dev/null", container.stamp)
    return [("RemainAfterExit", "yes"), ("ExecStartPost", unit.command(touch))]


def own_lines(container: Container) -> list[Entry]:
    """`systemd_exec_flags`: further lines of [Service], as they are written."""
    return [(key, unit.verbatim(value)) for key, value in container.systemd_exec_flags]


def install_section(container: Container) -> list[Entry]:
    """[Install]: its step waits for a run-once container to finish, not for a service. With a schedule, it
    has a timer instead."""
    return [] if container.schedule else [(wanted_by(container), step_target(container.step))]


def wanted_by(container: Container) -> str:
    """How its step pulls it in."""
    return "WantedBy" if container.kind is Kind.SERVICE else "RequiredBy"


def links(container: Container) -> tuple[Link, ...]:
    """What `systemctl enable` would make, so that a push needs no second daemon-reload; and the alias."""
    name = unit_name(container.name)
    kind = "wants" if container.kind is Kind.SERVICE else "requires"
    enabled = Link(path=f"{UNITS}/{step_target(container.step)}.{kind}/{name}", target=f"../{name}")
    return (
        *([] if container.schedule else [enabled]),
        *([Link(path=f"{UNITS}/{container.alias}", target=name)] if container.alias else []),
    )


def env_file(container: Container) -> tuple[File, ...]:
    """The environment as a private file: nothing in it is quoted, expanded, or shown by systemctl."""
    if not container.environment:
        return ()
    content = "".join(f"{key}={secret.coded(value, 'env')}\n" for key, value in container.environment)
    return (
        File(
            path=f"{ENVIRONMENTS}/{container.name}.env",
            content=content.encode(),
            mode=0o600,
            sensitive=bool(secret.names(content)),
            places=container.places,
        ),
    )


def record(container: Container, path: str) -> Unit:
    """What the host program must know about the unit whose file lies at `path`."""
    own = tuple(file.path for file in env_file(container))
    images = (container.image,) if container.image else ()
    return Unit(
        name=unit_name(container.name),
        kind=_unit_kind(container),
        service=container.service,
        container=container.name,
        step=container.step,
        order=container.start_order,
        files=(path, *own, *container.files),
        images=images,
        volumes=tuple(volume.source for volume in container.volumes if not volume.is_bind),
        stamp=container.stamp,
        health=container.healthcheck is not None,
    )


def _unit_kind(container: Container) -> UnitKind:
    if container.schedule:
        return UnitKind.SCHEDULED
    return UnitKind.RUN_ONCE if container.runs_once else UnitKind.SERVICE


def plain_unit(container: Container, service: Iterable[Entry], *, around: tuple[str, ...] = ()) -> Artifacts:
    """A container's plain unit, with its environment file and its links; it wants and follows `around`."""
    unit_file = UnitFile(
        (
            Section("Unit", tuple(unit_section(container, after=around, wants=around))),
            Section("Service", tuple(service)),
            Section("Install", tuple(install_section(container))),
        )
    )
    path = posixpath.join(UNITS, unit_name(container.name))
    return artifacts(container, path, unit_file, links(container))


def artifacts(
    container: Container, path: str, unit_file: UnitFile, links: tuple[Link, ...] = ()
) -> Artifacts:
    """A unit file of a container at its path, with all that belongs to it."""
    return Artifacts(
        files=(file(container, path, unit_file), *env_file(container)),
        links=links,
        units=(record(container, path),),
    )


def file(container: Container, path: str, unit_file: UnitFile) -> File:
    """A unit file of a container."""
    content = unit_file.text()
    return File(path=path, content=content, unsourced=_unsourced(content), places=container.places)


def _unsourced(content: bytes) -> bytes:
    return b"\n".join(line for line in content.split(b"\n") if not line.startswith(b"X-Source="))
