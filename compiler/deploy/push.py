"""Pushing: compare, send what is missing, and switch on one step after the other on all hosts."""

from __future__ import annotations

import getpass
import socket
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from compiler.deploy.bundle import BundleFolder
from compiler.deploy.errors import DeployError
from compiler.deploy.protocol import Session
from compiler.deploy.sessions import Sessions
from compiler.host.manifest import digest


@dataclass(frozen=True, slots=True, kw_only=True)
class PushOptions:
    """How hosts are changed: the steps they take together, and times in seconds."""

    steps: tuple[int, ...]
    timeout: float  # that the units of a step may take to come up
    settle: float = 1.0  # that a unit must have stayed up to be believed
    dry: bool = False

    @property
    def request(self) -> dict[str, object]:
        """The same, as the host program wants it, and who asks."""
        by = f"{getpass.getuser()} on {socket.gethostname()}"
        return {**asdict(self), "by": by}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one host: what was changed, or with `dry` would be; or why it was not."""

    host: str
    generation: int = 0
    written: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    stopped: tuple[str, ...] = ()
    started: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    error: DeployError | None = None

    @property
    def is_unchanged(self) -> bool:
        """Whether nothing had to be done."""
        return not (self.error or self.written or self.removed or self.stopped or self.started)


def push(
    sessions: Sessions, bundles: Mapping[str, BundleFolder], secrets: Mapping[str, str], options: PushOptions
) -> tuple[Outcome, ...]:
    """Bring hosts to what their bundles say. `secrets` has a value for every name that one of them needs."""

    def current(session: Session) -> int:
        """The generation that is what is wanted, and up; 0 if none is."""
        bundle = bundles[session.host]
        wanted = bundle.host.manifest, _needed(bundle, secrets)
        said = session.greet()
        is_current = said.up and said.digest != "-" and said.digest == digest(said.salt, *wanted)
        return said.generation if is_current else 0

    def stage(session: Session) -> None:
        bundle = bundles[session.host]
        request = {"secrets": _needed(bundle, secrets), **options.request}
        session.ask("push", request, bundle.content)
        lacking = session.expect("lacks")["blobs"]
        if lacking:
            session.tell({}, bundle.blobs(lacking))

    greeted = {host: generation for host, generation in sessions.map(current).items() if generation}
    for host in greeted:
        sessions.by_host[host].dismiss()
    sessions.close(greeted)
    unchanged = (Outcome(host=host, generation=generation) for host, generation in greeted.items())
    sessions.map(stage)
    return _sorted((*unchanged, *activate(sessions, options)), bundles)


def activate(sessions: Sessions, options: PushOptions) -> tuple[Outcome, ...]:
    """Take all hosts, of which each was asked to push or to roll back, through the rest of it together."""
    plans = sessions.map(lambda session: session.expect("plan" if options.dry else "ready"))
    started: dict[str, list[str]] = {host: [] for host in plans}
    if not options.dry:
        sessions.release("install")
        sessions.map(lambda session: session.expect("installed"))
        for step in options.steps:
            sessions.release(step)
            for host, said in sessions.map(lambda session: session.expect("step")).items():
                started[host] += said["started"]
        sessions.release("finish")
        plans = {
            host: {**plans[host], **said}
            for host, said in sessions.map(lambda session: session.expect("done")).items()
        }
    done = (
        Outcome(
            host=host,
            generation=plans[host].get("generation", 0),
            written=tuple(plans[host]["writes"]),
            removed=tuple(plans[host]["removals"]),
            stopped=tuple(plans[host]["stops"]),
            started=tuple(plans[host]["starts"] if options.dry else started[host]),
            warnings=tuple(session.warnings),
        )
        for host, session in sessions.by_host.items()
    )
    failed = (Outcome(host=host, error=error) for host, error in sessions.errors.items())
    return (*done, *failed)


def _needed(bundle: BundleFolder, secrets: Mapping[str, str]) -> dict[str, str]:
    return {name: secrets[name] for name in bundle.secrets}


def _sorted(outcomes: Sequence[Outcome], bundles: Mapping[str, BundleFolder]) -> tuple[Outcome, ...]:
    by_host = {outcome.host: outcome for outcome in outcomes}
    return tuple(by_host[host] for host in bundles)
