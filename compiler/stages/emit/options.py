"""Fields of a container to options of the engines: regular fields are rows of one table."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from compiler.host.layout import ENVIRONMENTS
from compiler.model.container import Container, Volume


@dataclass(frozen=True, slots=True)
class Option:
    """One field: the flag of `podman run` and `docker run`, and the Quadlet key with its first podman."""

    field: str
    flag: str
    key: str | None = None
    since: tuple[int, int] = (4, 4)

    def values(self, container: Container) -> list[str]:
        """What the field says, once for each time that the flag is given."""
        value = getattr(container, self.field)
        if value is None or value is False or value == ():
            return []
        if value is True:
            return [""]
        if isinstance(value, tuple):
            return [item if isinstance(item, str) else "=".join(item) for item in value]
        return [str(value)]


# First podman of each Quadlet key: computed from podman's release tags (podman-systemd.unit(5) does not say).
OPTIONS = (
    Option("hostname", "--hostname", "HostName", (4, 6)),
    Option("network", "--network", "Network"),
    Option("pid", "--pid"),
    Option("ipc", "--ipc"),
    Option("uts", "--uts"),
    Option("cgroupns", "--cgroupns"),
    Option("privileged", "--privileged"),
    Option("user", "--user"),
    Option("groups", "--group-add", "GroupAdd", (5, 1)),
    Option("entrypoint", "--entrypoint", "Entrypoint", (5, 0)),
    Option("env_files", "--env-file", "EnvironmentFile"),
    Option("volumes_from", "--volumes-from"),
    Option("devices", "--device", "AddDevice"),
    Option("tmpfs", "--tmpfs", "Tmpfs", (4, 5)),
    Option("cap_add", "--cap-add", "AddCapability"),
    Option("cap_drop", "--cap-drop", "DropCapability"),
    Option("security_opt", "--security-opt"),
    Option("ulimits", "--ulimit", "Ulimit", (5, 0)),
    Option("sysctls", "--sysctl", "Sysctl", (4, 6)),
    Option("extra_hosts", "--add-host", "AddHost", (5, 3)),
    Option("annotations", "--annotation", "Annotation"),
    Option("labels", "--label", "Label"),
    Option("pids_limit", "--pids-limit", "PidsLimit", (4, 7)),
    Option("memory", "--memory", "Memory", (5, 5)),
    Option("memory_swap", "--memory-swap"),
    Option("memory_reservation", "--memory-reservation"),
    Option("memory_swappiness", "--memory-swappiness"),
    Option("cpu_shares", "--cpu-shares"),
    Option("cpu_period", "--cpu-period"),
    Option("cpu_quota", "--cpu-quota"),
    Option("cpuset_cpus", "--cpuset-cpus"),
    Option("cpuset_mems", "--cpuset-mems"),
    Option("blkio_weight", "--blkio-weight"),
    Option("stop_signal", "--stop-signal", "StopSignal", (5, 2)),
    Option("tty", "--tty"),
    Option("no_healthcheck", "--no-healthcheck"),
)


Words = tuple[str, ...]
Test = str | Words


def words(flag: str, value: str) -> Words:
    """A flag with its value as words of a command line; a flag that is on has no value."""
    return (flag, value) if value else (flag,)


def engine_options(container: Container) -> Iterator[Words]:
    """Every row of the table that the container fills in, as words of a command line."""
    for option in OPTIONS:
        for value in option.values(container):
            yield words(option.flag, value)


def health_options(container: Container, command: Callable[[Test], str]) -> Iterator[Words]:
    """The healthcheck's flags, which podman and docker share; `command` writes its test for the engine."""
    check = container.healthcheck
    if check is not None:
        yield ("--health-cmd", command(check.test))
        yield ("--health-interval", f"{check.interval}s", "--health-timeout", f"{check.timeout}s")
        yield ("--health-retries", str(check.retries), "--health-start-period", f"{check.start_period}s")


def shell_text(test: Test) -> str:
    """The test of a healthcheck as text for /bin/sh."""
    return test if isinstance(test, str) else shlex.join(test)


def env_files(container: Container) -> tuple[str, ...]:
    """Files of KEY=VALUE lines; the last wins, so `environment`, as with the engines' own `--env`."""
    own = (f"{ENVIRONMENTS}/{container.name}.env",) if container.environment else ()
    return (*container.env_files, *own)


def bind_mount(volume: Volume) -> str:
    """A bind-mount as `--mount` takes it: unlike `-v`, docker then refuses a source that is missing."""
    fields = ["type=bind", f"source={volume.source}", f"target={volume.target}"]
    for option in volume.options:
        if option == "ro":
            fields.append("readonly")
        elif option != "rw":
            fields.append(f"bind-propagation={option}")
    return ",".join(map(_csv, fields))


def _csv(field: str) -> str:
    """A field of a line of comma-separated values."""
    return '"' + field.replace('"', '""') + '"' if set(field) & set(',"') else field
