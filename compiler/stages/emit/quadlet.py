"""Quadlet files, which podman's generator turns into units at each daemon-reload (podman-systemd.unit(5)).

Written for podman 4.6: a later key is written as PodmanArgs=, as the generator skips a unit with an
unknown key (https://github.com/containers/podman/issues/27745).

The generator splits the values of some keys into words and takes those of others as they are; either way it
quotes them anew for systemd, but leaves `%` and `$` alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from compiler.host.layout import OWN_QUADLETS
from compiler.model.artifact import Artifacts
from compiler.model.container import Container, Kind, Refusal, Volume
from compiler.stages.emit import podman, service_unit, unit
from compiler.stages.emit.options import OPTIONS, Option, env_files, words
from compiler.stages.emit.podman import ONLINE, stop_entries
from compiler.stages.emit.unit import Entry, Section, UnitFile

VERSION = (4, 6)
extras = podman.extras
REFUSALS = (
    *podman.REFUSALS,
    Refusal(
        "kill_mode",
        lambda each: each.kill_mode == "process",
        "cannot be `process` on quadlet: its generator accepts only mixed and control-group",
    ),
)


def container_unit(container: Container) -> Artifacts:
    """The `.container` file with its environment file; the generator makes the links.

    A container that no such file can run has a plain unit.
    """
    if not _can_say(container):
        return podman.container_unit(container)
    path = f"{OWN_QUADLETS}/heatsink-{container.name}.container"
    unit_file = UnitFile(
        (
            Section("Unit", tuple(service_unit.unit_section(container, after=ONLINE, wants=ONLINE))),
            Section("Container", tuple(_container(container))),
            Section("Service", tuple(_service(container))),
            Section("Install", tuple(_install(container))),
        )
    )
    made = service_unit.artifacts(container, path, unit_file)
    return replace(made, units=tuple(replace(unit, alias=container.alias) for unit in made.units))


def _can_say(container: Container) -> bool:
    """Whether a `.container` file can run it: the generator drops an empty word with all that follow, and
    writes a lone `;` as systemd's end of a command (seen in podman 5.4)."""
    return not {"", ";"}.intersection(container.command)


def _container(container: Container) -> Iterator[Entry]:
    yield ("ContainerName", unit.plain(container.name))
    yield ("Image", unit.plain(container.image))
    yield from unit.several("Exec", map(unit.word_of_command, container.command))
    stays = container.kind is Kind.SERVICE
    yield ("LogDriver", "journald" if stays else "none")
    yield ("Pull", "never")
    if container.log_tag and stays:
        yield _argument("--log-opt", f"tag={container.log_tag}")
    yield _argument("--stop-timeout", str(container.stop_grace_period))
    filled = replace(container, env_files=env_files(container))
    for option in OPTIONS:
        for value in option.values(filled):
            yield _option(option, value)
    yield from map(_volume, container.volumes)
    yield from _health(container)


def _option(option: Option, value: str) -> Entry:
    if option.key is None or option.since > VERSION:
        return _argument(option.flag, value)
    return (option.key, _whole(value) if option.key in _WHOLE else unit.word_of_command(value))


# Keys whose value the generator does not split into words.
_WHOLE = frozenset(("HostName", "Network", "Tmpfs"))


def _whole(value: str) -> str:
    return unit.plain(value).replace("$", "$$")


def _volume(volume: Volume) -> Entry:
    # the generator makes a RequiresMountsFor= of Volume=, and quotes nothing in it before podman 5.8
    if volume.is_bind and set(volume.source) & set(" $"):
        return _argument("--volume", str(volume))
    return ("Volume", _whole(str(volume)))


def _argument(flag: str, value: str) -> Entry:
    return ("PodmanArgs", unit.command(words(flag, value)))


def _health(container: Container) -> Iterator[Entry]:
    check = container.healthcheck
    if check is not None:
        # before podman 5.8.2 HealthCmd= lost a quote at its end (containers/podman, release notes of v5.8.2)
        yield _argument("--health-cmd", podman.health_command(check.test))
        yield ("HealthInterval", f"{check.interval}s")
        yield ("HealthTimeout", f"{check.timeout}s")
        yield ("HealthRetries", str(check.retries))
        yield ("HealthStartPeriod", f"{check.start_period}s")
        yield ("HealthOnFailure", "kill")


def _service(container: Container) -> Iterator[Entry]:
    if container.kind is Kind.RUN_ONCE:
        yield ("Type", "oneshot")
        yield from service_unit.stamped(container)
    else:  # the generator's own ExecStop comes behind these, and finds the container gone
        yield from stop_entries(container)
    yield ("Slice", service_unit.SLICE)
    yield ("OOMPolicy", "continue")
    yield from [("KillMode", container.kill_mode)] if container.kill_mode else []
    yield from service_unit.restart_entries(container)
    yield from service_unit.timeouts(container)
    yield from service_unit.exit_codes(container)
    yield from service_unit.own_lines(container)


def _install(container: Container) -> Iterator[Entry]:
    yield from service_unit.install_section(container)
    if container.alias:
        yield ("Alias", container.alias)
