"""Quadlet files, which podman's generator turns into units at each daemon-reload (podman-systemd.unit(5)).

Written for podman 4.6: a key that came later is said by PodmanArgs=, as an unknown key makes the generator
leave the whole unit out (https://github.com/containers/podman/issues/27745).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from compiler.emit import common, unit
from compiler.emit.options import OPTIONS, env_files, words
from compiler.emit.podman import ONLINE, PODMAN
from compiler.emit.unit import Entry, Section, UnitFile
from compiler.model.artifact import Artifacts, File
from compiler.model.container import Container, Kind

FOLDER = "/etc/containers/systemd/heatsink"
VERSION = (4, 6)


def container_unit(container: Container) -> Artifacts:
    """The `.container` file with its environment file; the generator makes the links."""
    path = f"{FOLDER}/heatsink-{container.name}.container"
    made = UnitFile(
        (
            Section("Unit", tuple(common.unit_section(container, after=ONLINE, wants=ONLINE))),
            Section("Container", tuple(_container(container))),
            Section("Service", tuple(_service(container))),
            Section("Install", tuple(_install(container))),
        )
    )
    return Artifacts(
        files=(File(path=path, content=made.text()), *common.env_file(container)),
        units=(common.record(container, path),),
    )


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
            if option.key is not None and option.since <= VERSION:
                yield (option.key, unit.word_of_command(value))
            else:
                yield _argument(option.flag, value)
    for volume in container.volumes:
        yield ("Volume", unit.word_of_command(str(volume)))
    yield from _health(container)


def _argument(flag: str, value: str) -> Entry:
    return ("PodmanArgs", " ".join(map(unit.word_of_command, words(flag, value))))


def _health(container: Container) -> Iterator[Entry]:
    check = container.healthcheck
    if check is not None:
        yield ("HealthCmd", unit.plain(check.test).replace("$", "$$"))
        yield ("HealthInterval", f"{check.interval}s")
        yield ("HealthTimeout", f"{check.timeout}s")
        yield ("HealthRetries", str(check.retries))
        yield ("HealthStartPeriod", f"{check.start_period}s")
        yield ("HealthOnFailure", "kill")


def _service(container: Container) -> Iterator[Entry]:
    if container.kind is Kind.RUN_ONCE:
        yield ("Type", "oneshot")
        yield from common.stamped(container)
    else:
        yield ("ExecReload", unit.command((PODMAN, "kill", "--signal", "HUP", container.name)))
        if container.pre_stop_exec:
            yield (
                "ExecStop",
                unit.command((PODMAN, "exec", container.name, *container.pre_stop_exec), prefix="-"),
            )
        # the generator's own ExecStop comes behind this one, and finds the container gone
        grace = str(container.stop_grace_period)
        yield ("ExecStop", unit.command((PODMAN, "stop", "--ignore", "--time", grace, container.name)))
    yield ("Slice", common.SLICE)
    yield ("OOMPolicy", "continue")
    yield from [("KillMode", container.kill_mode)] if container.kill_mode else []
    yield from common.restart_entries(container)
    yield from common.timeouts(container)
    yield from common.exit_codes(container)
    yield from common.own_lines(container)


def _install(container: Container) -> Iterator[Entry]:
    yield from common.install_section(container)
    if container.alias:
        yield ("Alias", container.alias)
