"""What lies between two generations that hosts keep."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from compiler.deploy.choice import chosen
from compiler.deploy.differences import text_differences
from compiler.deploy.events import Comparison, GenerationsKept
from compiler.deploy.outcome import DryRun
from compiler.deploy.session import Session
from compiler.deploy.sessions import Sessions


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedHost:
    """The plan from one generation to another on one host, and the unified diffs that may be shown."""

    dry_run: DryRun
    differences: Mapping[str, str] = field(default_factory=dict)


def compare(sessions: Sessions, before: str, after: str) -> tuple[ComparedHost, ...]:
    """Compare two generations, by name or number, on every host; nothing is changed.

    Raises HeatsinkError if a host does not keep one of them.
    """

    def ask(session: Session) -> GenerationsKept:
        session.greet()
        session.request("diff", {}, keep=False)
        return session.expect(GenerationsKept)

    def answer(session: Session) -> ComparedHost:
        session.send({"before": numbers[0][session.host], "after": numbers[1][session.host]})
        comparison = session.expect(Comparison)
        differences = text_differences(comparison.plan, comparison.texts, before, after)
        return ComparedHost(dry_run=DryRun(host=session.host, plan=comparison.plan), differences=differences)

    kept = sessions.map(ask)
    numbers = chosen(kept, before), chosen(kept, after)
    compared = [*sessions.ask(answer).values()]
    failed = (DryRun(host=host, error=error) for host, error in sessions.errors.items())
    return tuple(sorted((*compared, *(ComparedHost(dry_run=dry_run) for dry_run in failed)), key=_host))


def _host(compared: ComparedHost) -> str:
    return compared.dry_run.host
