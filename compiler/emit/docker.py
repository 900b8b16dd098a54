"""Plain units that call `docker run`. The client is supervised; the container lives below dockerd.

Why each line is there:
- Wants= and never Requires= on docker.service, and WantedBy=docker.service: a restart of the daemon must not
  take the units with it for good (https://github.com/garethr/garethr-docker/issues/691).
- --cgroup-parent: at least the containers lie in our slice.
- StandardOutput=null: the journald driver has every line already; the attached client would log it again.
- ExecStartPost: sd_notify does not reach systemd out of docker's cgroups, so it is asked until it runs.
- no --restart: systemd alone restarts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache

from compiler.emit import common, unit
from compiler.emit.options import Words, bind_mount, engine_options, env_files, health_options
from compiler.emit.unit import Entry, Section, UnitFile
from compiler.model.artifact import Artifacts, File, Link, Unit, UnitKind
from compiler.model.container import Container, Kind, Volume

DOCKER = "/usr/bin/docker"
DAEMON = "docker.service"
HEALTH = "heatsink-health.service"
HEALTH_LABEL = "heatsink.health=kill"

_RUNNING = (
    'for try in $(seq 300); do [ "$(docker inspect --format "{{.State.Running}}" "$1" 2>/dev/null)" = true ] '
    "&& exit 0; sleep 0.2; done; exit 1"
)
# Docker only marks a container as unhealthy; this ends it, and its unit starts it again.
_KILLER = (
    'kill() { while read -r id; do docker kill "$id"; done; }; '
    "docker ps --quiet --filter health=unhealthy --filter label=$1 | kill; "
    "docker events --filter label=$1 --filter 'event=health_status: unhealthy' --format '{{.ID}}' | kill"
)


def container_unit(container: Container) -> Artifacts:
    """The unit of a container with its environment file."""
    path = common.unit_path(container)
    around = (DAEMON, "network-online.target")
    installed = [*common.install_section(container), *([("WantedBy", DAEMON)] if _stays(container) else [])]
    made = UnitFile(
        (
            Section("Unit", tuple(common.unit_section(container, after=around, wants=around))),
            Section("Service", tuple(_service(container))),
            Section("Install", tuple(installed)),
        )
    )
    return Artifacts(
        files=(File(path=path, content=made.text()), *common.env_file(container)),
        links=(
            *common.links(container),
            *(_daemon_links(common.unit_name(container.name)) if _stays(container) else ()),
        ),
        units=(common.record(container, path),),
    )


@cache
def health_unit() -> Artifacts:
    """One unit a host that kills what docker finds unhealthy."""
    path = f"{common.UNITS}/{HEALTH}"
    argv = ("/bin/sh", "-c", _KILLER, "sh", HEALTH_LABEL)
    made = UnitFile(
        (
            Section(
                "Unit",
                (
                    (
                        "Description",
                        "kills containers whose healthcheck fails, so that systemd restarts them",
                    ),
                    ("PartOf", common.TARGET),
                    ("Wants", DAEMON),
                    ("After", DAEMON),
                    ("StartLimitIntervalSec", "0"),
                ),
            ),
            Section(
                "Service",
                (
                    ("Type", "exec"),
                    ("ExecStart", unit.command(argv)),
                    ("Restart", "always"),
                    ("RestartSec", str(common.RETRY_SECONDS)),
                ),
            ),
            Section("Install", (("WantedBy", f"{common.TARGET} {DAEMON}"),)),
        )
    )
    return Artifacts(
        files=(File(path=path, content=made.text()),),
        links=(
            Link(path=f"{common.UNITS}/{common.TARGET}.wants/{HEALTH}", target=f"../{HEALTH}"),
            *_daemon_links(HEALTH),
        ),
        units=(
            Unit(
                name=HEALTH,
                kind=UnitKind.SERVICE,
                service="heatsink",
                step=1,
                restart="always",
                files=(path,),
            ),
        ),
    )


def _daemon_links(name: str) -> tuple[Link, ...]:
    return (Link(path=f"{common.UNITS}/{DAEMON}.wants/{name}", target=f"../{name}"),)


def _stays(container: Container) -> bool:
    return container.kind is Kind.SERVICE


def _service(container: Container) -> Iterator[Entry]:
    yield ("Type", "exec" if _stays(container) else "oneshot")
    yield ("Slice", common.SLICE)
    yield ("ExecStartPre", unit.command((DOCKER, "rm", "--force", container.name), prefix="-"))
    yield ("ExecStart", unit.long_command(_run_command(container)))
    if _stays(container):
        yield ("ExecStartPost", unit.command(("/bin/sh", "-c", _RUNNING, "sh", container.name)))
        yield ("StandardOutput", "null")
        yield ("ExecReload", unit.command((DOCKER, "kill", "--signal", "HUP", container.name)))
        if container.pre_stop_exec:
            yield (
                "ExecStop",
                unit.command((DOCKER, "exec", container.name, *container.pre_stop_exec), prefix="-"),
            )
        grace = str(container.stop_grace_period)
        yield ("ExecStop", unit.command((DOCKER, "stop", "--time", grace, container.name), prefix="-"))
    else:
        yield from common.stamped(container)
    yield ("ExecStopPost", unit.command((DOCKER, "rm", "--force", container.name), prefix="-"))
    yield from [("KillMode", container.kill_mode)] if container.kill_mode else []
    yield from common.restart_entries(container)
    yield from common.timeouts(container)
    yield from common.exit_codes(container)
    yield from common.own_lines(container)


def _run_command(container: Container) -> Iterator[Words]:
    """`docker run` with everything that the container says, an option a line."""
    yield (DOCKER, "run", "--name", container.name, "--rm", "--pull=never", f"--cgroup-parent={common.SLICE}")
    if _stays(container):
        yield ("--log-driver=journald", "--log-opt", f"tag={container.log_tag or container.name}")
    else:
        yield ("--log-driver=none",)
    yield ("--stop-timeout", str(container.stop_grace_period))
    yield from engine_options(replace(container, env_files=env_files(container)))
    for volume in container.volumes:
        yield ("--mount", bind_mount(volume)) if _mounts(volume) else ("--volume", str(volume))
    yield from health_options(container)
    if container.healthcheck is not None:
        yield ("--label", HEALTH_LABEL)
    yield (container.image, *container.command)


def _mounts(volume: Volume) -> bool:
    """Whether `--mount` can say it; only `-v` knows SELinux's z and Z."""
    return volume.is_bind and not {"z", "Z"} & set(volume.options)
