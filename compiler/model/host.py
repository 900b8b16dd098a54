"""One host with everything decided: what emit spells."""

from __future__ import annotations

from dataclasses import dataclass

from compiler.model.config import ConfigFile
from compiler.model.container import Backend, Container
from compiler.model.host_prep import HostPrep


@dataclass(frozen=True, slots=True, kw_only=True)
class LoweredHost:
    """One host's containers, sorted by step, start order and name, and its files, sorted by path."""

    name: str
    role: str
    backend: Backend
    containers: tuple[Container, ...]
    config_files: tuple[ConfigFile, ...]
    prep: HostPrep
