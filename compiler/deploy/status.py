"""The state of hosts: what is installed there, and whether that is what was built, whole, and up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from compiler.deploy.certificates import expiry
from compiler.deploy.errors import DeployError
from compiler.deploy.events import UnitsReported, UnitStatus
from compiler.deploy.greeting import Greeting
from compiler.deploy.session import Session
from compiler.deploy.sessions import Sessions
from compiler.diagnostics import counted
from compiler.host.manifest import digest


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldCertificate:
    """A certificate among the secrets of a host, and when it expires, in seconds since 1970."""

    secret: str
    expires: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """What a host should have: the sha256 of its manifest, and its secrets if all are known."""

    manifest: str
    secrets: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HostStatus:
    """One host: the installed generation, what is wrong with it, and its units; or why nothing is known."""

    host: str
    error: DeployError | None = None  # why nothing is known
    has_answered: bool = True
    has_left: bool = False  # the hosts file; it is not asked
    at: int = 0  # the time there, in seconds since 1970
    generation: int = 0  # 0: nothing was pushed yet
    name: str = ""  # of the generation
    complete: bool = True  # whether the generation came up as a whole
    behind: bool = False  # whether it is another one than in the build
    pending: str = ""  # the change that is not confirmed yet, and whose it is
    changed: tuple[str, ...] = ()  # files and links that are not as they were installed
    problems: tuple[str, ...] = ()  # what is damaged, or cannot be found out
    units: tuple[UnitStatus, ...] = ()
    certificates: tuple[HeldCertificate, ...] = ()

    @property
    def state(self) -> str:
        """One word: up, down, empty, unreachable, unknown, left.

        A host is up if it has all that was built, as a whole and unchanged, and every unit is up.
        """
        if self.has_left:
            return "left"
        if self.error:
            return "unknown" if self.has_answered else "unreachable"
        if self.flaws or self.problems or not all(unit.up for unit in self.units):
            return "down"
        return "up" if self.generation else "empty"

    @property
    def flaws(self) -> tuple[str, ...]:
        """What keeps it from being up beside its units, in a few words each."""
        words = {
            f"{self.pending} not confirmed": bool(self.pending),
            "incomplete": not (self.complete or self.pending),
            "behind the build": self.behind,
            f"{counted(len(self.changed), 'file')} changed by hand": bool(self.changed),
        }
        return tuple(word for word, applies in words.items() if applies)


def statuses(sessions: Sessions, built: Mapping[str, Built]) -> tuple[HostStatus, ...]:
    """The state of hosts, in the order of `built`. No host is changed."""
    answered: set[str] = set()

    def status(session: Session) -> HostStatus:
        greeting = session.greet()
        answered.add(session.host)
        return _host_status(session, greeting, built[session.host])

    known = sessions.ask(status)
    unknown = {
        host: HostStatus(host=host, error=error, has_answered=host in answered)
        for host, error in sessions.errors.items()
    }
    return tuple({**known, **unknown}[host] for host in built)


def _host_status(session: Session, greeting: Greeting, built: Built) -> HostStatus:
    session.request("status", {}, keep=False)
    report = session.expect(UnitsReported)
    return HostStatus(
        host=session.host,
        at=report.at,
        generation=report.generation,
        name=report.name,
        complete=report.generation == report.current,
        behind=bool(report.generation) and _is_behind(greeting, report, built),
        pending=report.pending,
        changed=report.changed,
        problems=report.problems,
        units=report.units,
        certificates=tuple(_certificates(report)),
    )


def _is_behind(greeting: Greeting, report: UnitsReported, built: Built) -> bool:
    """Whether a host has another manifest, or other values of its secrets. It tells a digest of these only of
    what came up as a whole."""
    if report.manifest != built.manifest:
        return True
    if built.secrets is None or greeting.digest == "-":
        return False
    return greeting.digest != digest(greeting.salt, built.manifest, built.secrets)


def _certificates(report: UnitsReported) -> Iterator[HeldCertificate]:
    for name, pem in sorted(report.certificates.items()):
        if expires := expiry(pem):
            yield HeldCertificate(secret=name, expires=int(expires.timestamp()))
