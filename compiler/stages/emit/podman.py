"""Plain units that call `podman run`; they work with every podman from 4.3 on.

Why each line is there:
- Type=notify with --sdnotify=conmon: conmon tells systemd its pid and that the container runs, so no pid file
  can go stale (https://github.com/containers/podman/pull/10557).
- --cgroups=split puts the container into the unit's own cgroup: order and timeouts hold at shutdown too, and
  the unit's resource settings apply (https://docs.podman.io/en/latest/markdown/podman-run.1.html).
- --replace: after a power cut the record of the old container would refuse the new one.
- --pull=never: images were pulled before, so that starting takes no network.
- KillMode=mixed lets conmon clean up; OOMPolicy=continue, as one killed process need not be the service.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace

from compiler.host.layout import PODMAN_SETTINGS
from compiler.model.artifact import Artifacts, File
from compiler.model.container import Backend, Container, Kind, Refusal
from compiler.stages.emit import service_unit, unit
from compiler.stages.emit.options import Test, Words, engine_options, env_files, health_options, shell_text
from compiler.stages.emit.unit import Entry

PODMAN = Backend.PODMAN.program
ONLINE = ("network-online.target",)
REFUSALS = (
    Refusal(
        "mem_swappiness",
        lambda each: each.memory_swappiness is not None,
        "is not supported: podman refuses to start it, as cgroup version 2 has no swappiness",
    ),
)


def container_unit(container: Container) -> Artifacts:
    """The unit of a container with its environment file."""
    return service_unit.plain_unit(container, _service(container), around=ONLINE)


def extras(containers: Iterable[Container]) -> Artifacts:
    """The setting that keeps podman from logging every health check, where any container has one.

    podman before 5.1 ignores it (https://github.com/containers/podman/pull/22443).
    """
    return Artifacts(files=(_NO_EVENTS,)) if any(each.healthcheck for each in containers) else Artifacts()


_NO_EVENTS = File(path=PODMAN_SETTINGS, content=b"[engine]\nhealthcheck_events = false\n")


def _service(container: Container) -> Iterator[Entry]:
    yield from _TYPES[container.kind]
    yield ("Environment", "PODMAN_SYSTEMD_UNIT=%n")
    yield from service_unit.PLACE
    yield ("ExecStart", unit.long_command(_run_command(container)))
    yield from stop_entries(container) if container.kind is Kind.SERVICE else service_unit.stamped(container)
    removal = (PODMAN, "rm", "--force", "--ignore", "--volumes", container.name)
    yield ("ExecStopPost", unit.command(removal, prefix="-"))
    yield ("Delegate", "yes")
    yield ("KillMode", container.kill_mode or "mixed")
    yield ("OOMPolicy", "continue")
    yield from service_unit.restart_entries(container)
    yield from service_unit.timeouts(container)
    yield from service_unit.exit_codes(container)
    yield from service_unit.own_lines(container)


_TYPES: dict[Kind, tuple[Entry, ...]] = {
    Kind.SERVICE: (("Type", "notify"), ("NotifyAccess", "all")),
    Kind.RUN_ONCE: (("Type", "oneshot"),),
}


def _run_command(container: Container) -> Iterator[Words]:
    """`podman run` with all options of the container, one on each line."""
    yield (PODMAN, "run", "--name", container.name, "--replace", "--rm", "--cgroups=split", "--pull=never")
    yield _SUPERVISION[container.kind]
    if container.log_tag and container.kind is Kind.SERVICE:
        yield ("--log-opt", f"tag={container.log_tag}")
    yield ("--stop-timeout", str(container.stop_grace_period))
    yield from engine_options(replace(container, env_files=env_files(container)))
    yield from (("--volume", str(volume)) for volume in container.volumes)
    yield from health_options(container, health_command)
    if container.healthcheck is not None:
        yield ("--health-on-failure=kill",)
    yield (container.image, *container.command)


def health_command(test: Test) -> str:
    """A test as `--health-cmd` takes it: text for /bin/sh, or a JSON list of words.

    podman reads a list of one word as text, and text that begins with a keyword as a list that is split at
    blanks (https://docs.podman.io/en/latest/markdown/podman-run.1.html#health-cmd-command-command-arg1).
    """
    if isinstance(test, tuple) and test[0].upper() not in _KEYWORDS:
        if len(test) > 1:
            return json.dumps(test, ensure_ascii=False)
        if test[0].split() == [*test]:
            return f"CMD {test[0]}"
    text = shell_text(test)
    is_list = text.startswith(("[", "null")) or text.partition(" ")[0].upper() in _KEYWORDS
    return json.dumps(("CMD-SHELL", text), ensure_ascii=False) if is_list else text


_KEYWORDS = ("CMD", "CMD-SHELL", "NONE")


# The output of a run-once container goes straight to its unit's journal; a log driver would repeat it.
_SUPERVISION = {
    Kind.SERVICE: ("--detach", "--sdnotify=conmon", "--log-driver=journald"),
    Kind.RUN_ONCE: ("--sdnotify=ignore", "--log-driver=none"),
}


def stop_entries(container: Container) -> Iterator[Entry]:
    """How a service's unit reloads and stops."""
    yield from service_unit.reload_entries(container, PODMAN)
    if container.pre_stop_exec:
        before = (PODMAN, "exec", container.name, *container.pre_stop_exec)
        yield ("ExecStop", unit.command(before, prefix="-"))
    grace = str(container.stop_grace_period)
    yield ("ExecStop", unit.command((PODMAN, "stop", "--ignore", "--time", grace, container.name)))
