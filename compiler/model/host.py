"""One host with everything decided, and spelled."""

from __future__ import annotations

from dataclasses import dataclass, field

from compiler.model.artifact import Artifacts
from compiler.model.config import ConfigFile
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


@dataclass(frozen=True, slots=True, kw_only=True)
class EmittedHost:
    """One host and the text of everything on it."""

    host: LoweredHost
    artifacts: Artifacts
