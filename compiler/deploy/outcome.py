"""What becomes of hosts: what a dry run says of each, and what a push or rollback did."""

from __future__ import annotations

from dataclasses import dataclass, field

from compiler.deploy.errors import DeployError
from compiler.deploy.events import PlanSummary


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
    warnings: tuple[str, ...] = ()
    error: DeployError | None = None

    @property
    def is_unchanged(self) -> bool:
        """Whether nothing had to be done."""
        return not (self.error or self.written or self.removed or self.stopped or self.started)
