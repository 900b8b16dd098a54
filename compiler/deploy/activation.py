"""Activates generations on many hosts together, after each was asked to push or to roll back."""

from __future__ import annotations

import getpass
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass

from compiler.deploy.archives import ImageArchives, NoArchives, release_pulls
from compiler.deploy.events import (
    FilesInstalled,
    ImagesPulled,
    PlanSummary,
    StepEnded,
    Unconfirmed,
)
from compiler.deploy.outcome import Outcome
from compiler.deploy.session import Session
from compiler.deploy.sessions import Sessions
from compiler.deploy.transport import LONGEST


@dataclass(frozen=True, slots=True, kw_only=True)
class PushOptions:
    """How hosts are changed: the steps they take together, and times in seconds."""

    steps: tuple[int, ...]
    timeout: float  # for the units of a step to come up
    pull_within: float = 3600.0  # that an image may take
    settle: float = 5.0  # that units must stay up without a break
    confirm: bool = True  # whether a new connection must be possible after the change
    confirm_within: float = 60.0  # that hosts wait for it, and for us whenever they hear nothing
    keep_failed: bool = False  # whether a host whose units do not come up stays as it is
    keep_newest: int = 5  # generations
    name: str = ""  # of the generation, the same on all hosts
    source: str = ""  # the commit of the folder that was compiled
    project: str = ""  # whose hosts these are
    taken_over: str = ""  # the project whose hosts become this one's, if they are not yet
    made: tuple[str, ...] = ()  # secrets whose values were generated for this plan
    services: tuple[str, ...] = ()  # the only ones that are changed; all if there is none
    verify: bool = False  # whether files are compared on hosts that have the bundle already
    diff: bool = False  # whether plans have the texts that files have now

    @property
    def request(self) -> dict[str, object]:
        """The options as fields of a request to the host program, and who makes it."""
        by = f"{getpass.getuser()} on {socket.gethostname()}"
        return {**asdict(self), "by": by}


Agree = Callable[[Mapping[str, PlanSummary]], None]  # called with the plan of each host; raises to stop there


def activate(
    sessions: Sessions,
    options: PushOptions,
    agree: Agree = lambda _: None,
    archives: ImageArchives | None = None,
) -> tuple[Outcome, ...]:
    """Carry out the plans that hosts report, step by step on all of them; hosts that fail are left out.

    Nothing is changed and no image is pulled before `agree` has returned. What is in `archives` is sent, not
    pulled.
    """
    longest = options.timeout + LONGEST
    plans = sessions.map(lambda session: session.expect(PlanSummary))
    agree(plans)
    _pull(sessions, plans, archives or NoArchives())
    started: dict[str, tuple[str, ...]] = dict.fromkeys(plans, ())
    sessions.release("install")
    sessions.map(lambda session: session.expect(FilesInstalled))
    for step in options.steps:
        sessions.release(step)
        for host, ended in sessions.map(lambda session: session.expect(StepEnded, within=longest)).items():
            started[host] += ended.started
    sessions.release("finish")
    waiting = sessions.map(lambda session: session.expect(Unconfirmed, within=longest))
    if options.confirm:
        sessions.map(lambda session: session.confirm(waiting[session.host].seal, options.confirm_within))
    sessions.release("commit")
    activated = sessions.map(
        lambda session: session.activated(waiting[session.host].generation, longest, options.confirm_within)
    )
    done = (
        _outcome(host, plans[host], started[host], event.generation, sessions.by_host[host].warnings)
        for host, event in activated.items()
    )
    failed = (Outcome(host=host, error=error) for host, error in sessions.errors.items())
    return (*done, *failed)


def _pull(sessions: Sessions, plans: Mapping[str, PlanSummary], archives: ImageArchives) -> None:
    """Have images pulled; hosts that have all of theirs wait meanwhile."""

    def pull(session: Session) -> None:
        if pulls := plans[session.host].pulls:
            release_pulls(session, pulls, archives)
            session.expect(ImagesPulled)

    sessions.map(pull)


def _outcome(
    host: str, plan: PlanSummary, started: tuple[str, ...], generation: int, warnings: Sequence[str]
) -> Outcome:
    return Outcome(
        host=host,
        generation=generation,
        written=plan.writes,
        removed=plan.removals,
        stopped=plan.stops,
        started=started,
        destroyed=plan.destroyed,
        warnings=tuple(warnings),
    )
