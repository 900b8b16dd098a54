"""The machines: which there are, of which role, and how they are reached."""

from __future__ import annotations

from dataclasses import dataclass

from compiler.model.container import Backend


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """How a host is reached. No address means: this machine, without ssh."""

    address: str | None = None
    port: int | None = None
    user: str | None = None
    identity_file: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetHost:
    """One line of fleet.json."""

    name: str
    role: str
    backend: Backend
    connection: Connection
    manifest: str  # sha256 of the host's manifest.json


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """build/fleet.json: what was compiled, for the push."""

    hosts: tuple[FleetHost, ...]
    steps: tuple[int, ...] = (1, 2, 3, 4, 5)
