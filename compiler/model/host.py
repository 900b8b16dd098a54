"""One host with everything decided, and spelled."""

from __future__ import annotations

from dataclasses import dataclass, field

from compiler.model.artifact import Artifacts
from compiler.model.config import ConfigFile, Port
from compiler.model.container import Backend, Container
from compiler.model.fleet import Connection
from compiler.model.host_prep import HostPrep


@dataclass(frozen=True, slots=True, kw_only=True)
class LoweredHost:
    """One host's containers, sorted by step, start order and name, and its files, sorted by path."""

    name: str
    role: str
    backend: Backend
    connection: Connection = field(default_factory=Connection)
    addresses: tuple[str, ...] = ()  # in its networks
    containers: tuple[Container, ...] = ()
    config_files: tuple[ConfigFile, ...] = ()
    prep: HostPrep = field(default_factory=HostPrep)
    ports: tuple[Port, ...] = ()  # on which its containers and services listen

    @property
    def kernel_modules(self) -> tuple[str, ...]:
        """The modules that its services ask for, and the one that bridged containers need."""
        bridged = ("veth",) if any(container.is_bridged for container in self.containers) else ()
        return tuple(sorted({*self.prep.kernel_modules, *bridged}))


@dataclass(frozen=True, slots=True, kw_only=True)
class EmittedHost:
    """One host and the text of everything on it."""

    host: LoweredHost
    artifacts: Artifacts
