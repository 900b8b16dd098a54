"""TripleO's `action: exec`: a command in a container that runs already, as a plain oneshot on any backend."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from compiler.model.artifact import Artifacts
from compiler.model.container import Container
from compiler.stages.emit import service_unit, unit
from compiler.stages.emit.options import env_files, words
from compiler.stages.emit.unit import Entry


def exec_unit(container: Container, engine: str) -> Artifacts:
    """The unit of an exec; `engine` is the path of podman or docker."""
    needing = replace(container, requires=(container.container, *container.requires))
    return service_unit.plain_unit(needing, _service(container, engine))


def _service(container: Container, engine: str) -> Iterator[Entry]:
    yield ("Type", "oneshot")
    yield from service_unit.PLACE
    yield ("ExecStart", unit.command(_exec_command(container, engine)))
    yield from service_unit.stamped(container)
    yield from service_unit.restart_entries(container)
    yield ("TimeoutStartSec", str(container.timeout))
    yield from service_unit.exit_codes(container)
    yield from service_unit.own_lines(container)


def _exec_command(container: Container, engine: str) -> Iterator[str]:
    yield from (engine, "exec")
    yield from ("--privileged",) if container.privileged else ()
    yield from words("--user", container.user) if container.user else ()
    for file in env_files(container):
        yield from ("--env-file", file)
    yield container.container
    yield from container.command
