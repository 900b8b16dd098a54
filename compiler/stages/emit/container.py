"""One container to units and files, by the backend of its host."""

from __future__ import annotations

from compiler.model.artifact import Artifacts
from compiler.model.container import Backend, Container, Kind
from compiler.stages.emit import docker, execs, podman, quadlet

_ENGINES = {"podman": podman.PODMAN, "docker": docker.DOCKER}
_BACKENDS = {
    Backend.PODMAN: podman.container_unit,
    Backend.QUADLET: quadlet.container_unit,
    Backend.DOCKER: docker.container_unit,
}


def container_artifacts(container: Container, backend: Backend) -> Artifacts:
    """Everything that runs a container; lower/refusals.py has seen that the backend can."""
    if container.kind is Kind.EXEC:
        return execs.exec_unit(container, _ENGINES[backend.engine])
    if backend is Backend.QUADLET and not quadlet.can_say(container):
        return podman.container_unit(container)
    return _BACKENDS[backend](container)
