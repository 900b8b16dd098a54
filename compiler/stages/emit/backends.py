"""The backends, a row each: its module says how it runs a container, and what it cannot do for one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from compiler.diagnostics import CompileError, HeatsinkError
from compiler.model.artifact import Artifacts
from compiler.model.container import Backend, Container, Kind, Refusal
from compiler.stages.emit import docker, execs, podman, quadlet


def _nothing(_containers: Iterable[Container]) -> Artifacts:
    return Artifacts()


@dataclass(frozen=True, slots=True)
class _Row:
    engine: str  # the program's path on a host
    unit: Callable[[Container], Artifacts]
    refusals: tuple[Refusal, ...]
    extras: Callable[[Sequence[Container]], Artifacts] = _nothing  # beside the units of a host's containers


_ROWS = {
    Backend.PODMAN: _Row(podman.PODMAN, podman.container_unit, podman.REFUSALS),
    Backend.QUADLET: _Row(podman.PODMAN, quadlet.container_unit, quadlet.REFUSALS),
    Backend.DOCKER: _Row(docker.DOCKER, docker.container_unit, docker.REFUSALS, docker.extras),
}


def engine(backend: Backend) -> str:
    """The path of the program that runs a backend's containers."""
    return _ROWS[backend].engine


def check(container: Container, backend: Backend) -> None:
    """Raise one CompileError with everything that a backend cannot do for a container."""
    wrong = [refusal for refusal in _ROWS[backend].refusals if refusal.is_wrong(container)]
    if wrong:
        raise CompileError.of(refusal.problem(container) for refusal in wrong)


def container_artifacts(container: Container, backend: Backend) -> Artifacts:
    """Everything that runs a container, which `check` has seen. Errors show the container's place."""
    row = _ROWS[backend]
    try:
        return execs.exec_unit(container, row.engine) if container.kind is Kind.EXEC else row.unit(container)
    except HeatsinkError as error:
        raise error.at(container.place) from None


def extra_artifacts(containers: Sequence[Container], backend: Backend) -> Artifacts:
    """What a backend needs on a host beside the units of its containers."""
    return _ROWS[backend].extras(containers)
