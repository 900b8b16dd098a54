"""The state of the services of hosts."""

from __future__ import annotations

from dataclasses import dataclass

from compiler.deploy.certificates import expiry
from compiler.deploy.events import UnitsReported, UnitStatus
from compiler.deploy.session import Session
from compiler.deploy.sessions import Sessions


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldCertificate:
    """A certificate among the secrets of a host, and when it expires, in seconds since 1970."""

    secret: str
    expires: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HostStatus:
    """One host: the installed generation, whether it came up as a whole, and its units."""

    host: str
    generation: int  # 0: nothing was pushed yet
    complete: bool
    units: tuple[UnitStatus, ...]
    certificates: tuple[HeldCertificate, ...] = ()

    @property
    def is_up(self) -> bool:
        """Whether everything that should run does."""
        return self.generation != 0 and all(unit.up for unit in self.units)


def statuses(sessions: Sessions) -> tuple[HostStatus, ...]:
    """The state of hosts; those that could not be asked are in `sessions.errors`."""
    return tuple(sessions.map(_host_status).values())


def _host_status(session: Session) -> HostStatus:
    session.greet()
    session.request("status", {})
    report = session.expect(UnitsReported)
    return HostStatus(
        host=session.host,
        generation=report.generation,
        complete=report.generation == report.current,
        units=report.units,
        certificates=tuple(
            HeldCertificate(secret=name, expires=int(expires.timestamp()))
            for name, pem in sorted(report.certificates.items())
            if (expires := expiry(pem))
        ),
    )
