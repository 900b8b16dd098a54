"""What becomes of hosts: what a dry run says of each, and what a push or rollback did."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from compiler.deploy.errors import DeployError
from compiler.deploy.events import PlanSummary
from compiler.deploy.sessions import Sessions


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRun:
    """What a push would change on one host, or why that is not known."""

    host: str
    generation: int = 0  # the one that already is what is wanted; 0 if there is none
    plan: PlanSummary = field(default_factory=PlanSummary)
    warnings: tuple[str, ...] = ()
    error: DeployError | None = None

    @property
    def is_unchanged(self) -> bool:
        """Whether nothing has to be done."""
        return not self.error and self.plan.is_empty


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What was changed on one host, or why it was not."""

    host: str
    generation: int = 0  # the one that is current now; 0 after an error
    written: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    stopped: tuple[str, ...] = ()
    started: tuple[str, ...] = ()
    destroyed: tuple[str, ...] = ()  # volumes, but those that a warning names
    warnings: tuple[str, ...] = ()
    error: DeployError | None = None

    @property
    def is_unchanged(self) -> bool:
        """Whether nothing had to be done."""
        return not (self.error or self.written or self.removed or self.stopped or self.started)


Consent = Callable[[Sequence[DryRun]], None]  # called with what would change; raises to leave it at that


def dry_runs(
    sessions: Sessions, plans: Mapping[str, PlanSummary], unchanged: Mapping[str, int]
) -> Iterator[DryRun]:
    """What hosts have reported so far: their plans, what they already have, or why nothing is known."""
    yield from (DryRun(host=host, generation=generation) for host, generation in unchanged.items())
    for host, plan in plans.items():
        yield DryRun(host=host, plan=plan, warnings=tuple(sessions.by_host[host].warnings))
    yield from (DryRun(host=host, error=error) for host, error in sessions.errors.items())
