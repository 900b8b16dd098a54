"""Activating a generation on many hosts together, each of which was asked to push or to roll back."""

from __future__ import annotations

import getpass
import socket
from collections.abc import Sequence
from dataclasses import dataclass

from compiler.deploy.events import Activated, FilesInstalled, Plan, StepEnded
from compiler.deploy.outcome import Outcome
from compiler.deploy.sessions import Sessions


@dataclass(frozen=True, slots=True, kw_only=True)
class PushOptions:
    """How hosts are changed: the steps they take together, and times in seconds."""

    steps: tuple[int, ...]
    timeout: float  # that the units of a step may take to come up
    settle: float = 1.0  # that a unit must stay up before the push succeeds

    @property
    def request(self) -> dict[str, object]:
        """The same, as the host program wants it, and who asks."""
        by = f"{getpass.getuser()} on {socket.gethostname()}"
        return {"steps": self.steps, "timeout": self.timeout, "settle": self.settle, "by": by}


def activate(sessions: Sessions, steps: Sequence[int]) -> tuple[Outcome, ...]:
    """Take all hosts through the plans that they report, step by step; a host that fails is left out."""
    plans = sessions.map(lambda session: session.expect(Plan))
    started: dict[str, tuple[str, ...]] = dict.fromkeys(plans, ())
    sessions.release("install")
    sessions.map(lambda session: session.expect(FilesInstalled))
    for step in steps:
        sessions.release(step)
        for host, ended in sessions.map(lambda session: session.expect(StepEnded)).items():
            started[host] += ended.started
    sessions.release("finish")
    activated = sessions.map(lambda session: session.expect(Activated))
    done = (
        _outcome(host, plans[host], started[host], event.generation, sessions.by_host[host].warnings)
        for host, event in activated.items()
    )
    failed = (Outcome(host=host, error=error) for host, error in sessions.errors.items())
    return (*done, *failed)


def _outcome(
    host: str, plan: Plan, started: tuple[str, ...], generation: int, warnings: Sequence[str]
) -> Outcome:
    return Outcome(
        host=host,
        generation=generation,
        written=plan.writes,
        removed=plan.removals,
        stopped=plan.stops,
        started=started,
        warnings=tuple(warnings),
    )
