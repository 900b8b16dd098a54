"""Plain units that call `docker run`. The container lives below dockerd; systemd supervises a waiting client.

Why each line is there:
- Wants= and never Requires= on docker.service: a restart of the daemon must not stop the units for
  good (https://github.com/garethr/garethr-docker/issues/691).
- ExecStartPre=docker run --detach returns when the container runs or cannot, with the reason in the unit's
  journal; ExecStart= then waits for it and ends with its exit code. An attached client would log lines twice.
- no --rm: a container that ends at once must still be there to be waited for; ExecStopPost= removes it.
- --cgroup-parent: at least the containers lie in our slice.
- OBJECT_SYSTEMD_UNIT: dockerd writes the container's lines, and this field of them makes `journalctl --unit`
  and `systemctl status` find them (systemd.journal-fields(7)).
- no --restart: systemd alone restarts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache

from compiler.host.layout import UNITS
from compiler.model.artifact import Artifacts, File, Link, Unit, UnitKind
from compiler.model.container import Backend, Container, Kind, Refusal, Volume, unit_name
from compiler.stages.emit import service_unit, unit
from compiler.stages.emit.options import (
    Words,
    bind_mount,
    engine_options,
    env_files,
    health_options,
    shell_text,
)
from compiler.stages.emit.unit import Entry, Section, UnitFile

DOCKER = Backend.DOCKER.program
DAEMON = "docker.service"
HEALTH = "heatsink-health.service"
HEALTH_LABEL = "heatsink.health=kill"

_WAIT = 'code=$(docker wait "$1") && exit "$code"'
_UNIT_LABEL = "OBJECT_SYSTEMD_UNIT"
# Docker only marks a container as unhealthy; this ends it, and its unit starts it again.
_KILLER = (
    'kill() { while read -r id; do docker kill "$id"; done; }; now=$(date +%s); '
    "docker ps --quiet --filter health=unhealthy --filter label=$1 | kill; "
    "docker events --since $now --filter label=$1 --filter 'event=health_status: unhealthy' "
    "--format '{{.ID}}' | kill"
)


def _joins_network(container: Container) -> bool:
    return container.network.startswith("container:")


_VOLUME_OPTIONS = frozenset(
    ("ro", "rw", "z", "Z", "nocopy", "shared", "rshared", "slave", "rslave", "private", "rprivate")
)
REFUSALS = (
    Refusal(
        "hostname",
        lambda each: bool(each.hostname) and _joins_network(each),
        "cannot be combined with another container's network on docker",
    ),
    Refusal(
        "extra_hosts",
        lambda each: bool(each.extra_hosts) and _joins_network(each),
        "cannot be combined with another container's network on docker",
    ),
    Refusal(
        "uts",
        lambda each: each.uts not in (None, "host"),
        "can only be `host` on docker: leave it out for a namespace of its own",
    ),
    Refusal(
        "pid",
        lambda each: each.pid == "private",
        "cannot be `private` on docker: leave it out for a namespace of its own",
    ),
    Refusal(
        "annotation",
        lambda each: bool(each.annotations),
        "is not supported on docker 20.10: use `label`",
    ),
    Refusal(
        "volumes",
        lambda each: any(set(volume.options) - _VOLUME_OPTIONS for volume in each.volumes),
        "has an option that docker does not support: it supports ro, rw, z, Z, nocopy and propagation",
    ),
)


def container_unit(container: Container) -> Artifacts:
    """The unit of a container with its environment file."""
    return service_unit.plain_unit(container, _service(container), around=(DAEMON, "network-online.target"))


def extras(containers: Iterable[Container]) -> Artifacts:
    """The unit that kills unhealthy containers, where any has a healthcheck."""
    return _health_unit() if any(each.healthcheck for each in containers) else Artifacts()


@cache
def _health_unit() -> Artifacts:
    """One unit a host that kills what docker finds unhealthy."""
    path = f"{UNITS}/{HEALTH}"
    target = service_unit.TARGET
    about = "kills containers whose healthcheck fails, so that systemd restarts them"
    unit_file = UnitFile(
        (
            Section("Unit", (("Description", about), ("PartOf", target), *_AFTER_DAEMON)),
            Section("Service", tuple(_killer())),
            Section("Install", (("WantedBy", target),)),
        )
    )
    return Artifacts(
        files=(File(path=path, content=unit_file.text()),),
        links=(Link(path=f"{UNITS}/{target}.wants/{HEALTH}", target=f"../{HEALTH}"),),
        units=(
            Unit(
                name=HEALTH,
                kind=UnitKind.SERVICE,
                service="heatsink",
                step=1,
                files=(path,),
            ),
        ),
    )


_AFTER_DAEMON = (("Wants", DAEMON), ("After", DAEMON), ("StartLimitIntervalSec", "0"))


def _killer() -> Iterator[Entry]:
    yield ("Type", "exec")
    yield ("ExecStart", unit.command(("/bin/sh", "-c", _KILLER, "sh", HEALTH_LABEL)))
    yield ("Restart", "always")
    yield ("RestartSec", str(service_unit.RETRY_SECONDS))
    yield ("SyslogIdentifier", "%N")


def _stays(container: Container) -> bool:
    return container.kind is Kind.SERVICE


def _service(container: Container) -> Iterator[Entry]:
    yield ("Type", "exec" if _stays(container) else "oneshot")
    yield from service_unit.PLACE
    yield ("ExecStartPre", _removal(container))
    yield from _source_check(container)
    run = unit.long_command(_run_command(container))
    if _stays(container):
        yield ("ExecStartPre", run)
        yield ("ExecStart", unit.command(("/bin/sh", "-c", _WAIT, "sh", container.name)))
        yield from _stop_entries(container)
    else:
        yield ("ExecStart", run)
        yield from service_unit.stamped(container)
    yield ("ExecStopPost", _removal(container))
    yield from [("KillMode", container.kill_mode)] if container.kill_mode else []
    yield from service_unit.restart_entries(container)
    yield from service_unit.timeouts(container)
    yield from service_unit.exit_codes(container)
    yield from service_unit.own_lines(container)


def _removal(container: Container) -> str:
    """The command that removes a container, if it is there, with the volumes that have no name."""
    return unit.command((DOCKER, "rm", "--force", "--volumes", container.name), prefix="-")


def _source_check(container: Container) -> Iterator[Entry]:
    """What fails on a missing source of `--volume`, which would create an empty folder there."""
    sources = [volume.source for volume in container.volumes if volume.is_bind and not _mounts(volume)]
    if sources:
        yield ("ExecStartPre", unit.command(("/usr/bin/find", *sources, "-prune", "-false")))


def _stop_entries(container: Container) -> Iterator[Entry]:
    yield from service_unit.reload_entries(container, DOCKER)
    if container.pre_stop_exec:
        before = (DOCKER, "exec", container.name, *container.pre_stop_exec)
        yield ("ExecStop", unit.command(before, prefix="-"))
    grace = str(container.stop_grace_period)
    yield ("ExecStop", unit.command((DOCKER, "stop", "--time", grace, container.name), prefix="-"))


def _run_command(container: Container) -> Iterator[Words]:
    """`docker run` with everything that the container says, an option a line."""
    yield (DOCKER, "run", "--name", container.name, "--pull=never", f"--cgroup-parent={service_unit.SLICE}")
    yield from _supervision(container)
    yield ("--stop-timeout", str(container.stop_grace_period))
    yield from engine_options(replace(container, env_files=env_files(container)))
    for volume in container.volumes:
        yield ("--mount", bind_mount(volume)) if _mounts(volume) else ("--volume", str(volume))
    yield from health_options(container, shell_text)  # docker always runs it by /bin/sh
    if container.healthcheck is not None:
        yield ("--label", HEALTH_LABEL)
    yield (container.image, *container.command)


def _supervision(container: Container) -> Iterator[Words]:
    """How it is logged. Of a run-once container, the attached client writes to the unit's journal."""
    if not _stays(container):
        yield ("--rm", "--log-driver=none")
        return
    yield ("--detach", "--log-driver=journald", "--log-opt", f"tag={container.log_tag or container.name}")
    label = f"{_UNIT_LABEL}={unit_name(container.name)}"
    yield ("--log-opt", f"labels={_UNIT_LABEL}", "--label", label)


def _mounts(volume: Volume) -> bool:
    """Whether `--mount` supports it; only `-v` takes SELinux's z and Z."""
    return volume.is_bind and not {"z", "Z"} & set(volume.options)
