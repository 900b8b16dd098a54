"""The backends' modules: each says how its backend runs a container, and what it cannot do for one."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib import import_module
from typing import Protocol, cast

from compiler.diagnostics import CompileError, HeatsinkError
from compiler.model.artifact import Artifacts
from compiler.model.container import Backend, Container, Kind, Refusal
from compiler.stages.emit import execs
from compiler.stages.emit.timer import timer


class _Module(Protocol):
    """What the module of a backend defines. It has the backend's name."""

    REFUSALS: tuple[Refusal, ...]

    def container_unit(self, container: Container) -> Artifacts:
        """Everything that runs a container."""

    def extras(self, containers: Sequence[Container]) -> Artifacts:
        """What a host needs beside the units of its containers."""


@cache
def _module(backend: Backend) -> _Module:
    return cast(_Module, import_module(f"{__package__}.{backend}"))


def check(container: Container, backend: Backend) -> None:
    """Raise one CompileError with everything that a backend cannot do for a container."""
    wrong = [refusal for refusal in _module(backend).REFUSALS if refusal.is_wrong(container)]
    if wrong:
        raise CompileError.of(refusal.problem(container) for refusal in wrong)


def container_artifacts(container: Container, backend: Backend) -> Artifacts:
    """Everything that runs a container, which `check` has seen. Errors show the container's place."""
    try:
        runs = _container_unit(container, backend)
        return runs + timer(container, container.schedule, runs) if container.schedule else runs
    except HeatsinkError as error:
        raise error.at(container.place) from None


def _container_unit(container: Container, backend: Backend) -> Artifacts:
    if container.kind is Kind.EXEC:
        return execs.exec_unit(container, backend.program)
    return _module(backend).container_unit(container)


def extra_artifacts(containers: Sequence[Container], backend: Backend) -> Artifacts:
    """What a backend needs on a host beside the units of its containers."""
    return _module(backend).extras(containers)
