"""How the services of the hosts are."""

from __future__ import annotations

from dataclasses import dataclass

from compiler.deploy.protocol import Session
from compiler.deploy.sessions import Sessions


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitStatus:
    """One unit of one host, as systemd and the engine see it."""

    service: str
    unit: str
    container: str
    step: int
    up: bool  # active and not unhealthy; of what runs once: done
    state: str  # `active (running)`, `failed`, `done`, …
    since: int | None  # seconds since 1970
    restarts: int
    health: str  # healthy, unhealthy, starting; "" when the engine checks nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class HostStatus:
    """One host: the generation that lies there, whether it came up as a whole, and its units."""

    host: str
    generation: int  # 0: nothing was pushed yet
    complete: bool
    units: tuple[UnitStatus, ...]

    @property
    def is_up(self) -> bool:
        """Whether everything that should run does."""
        return self.generation != 0 and all(unit.up for unit in self.units)


def status(sessions: Sessions) -> tuple[HostStatus, ...]:
    """How hosts are; those that could not be asked are in `sessions.errors`."""
    return tuple(sessions.map(_host_status).values())


def _host_status(session: Session) -> HostStatus:
    session.greet()
    session.ask("status", {})
    said = session.expect("status")
    return HostStatus(
        host=session.host,
        generation=said["generation"],
        complete=said["generation"] == said["current"],
        units=tuple(UnitStatus(**unit) for unit in said["units"]),
    )
