"""Changes for which nothing is sent: back to a generation that hosts have kept, or to nothing."""

from __future__ import annotations

from collections.abc import Mapping

from compiler.deploy.activation import PushOptions, activate
from compiler.deploy.events import PlanSummary
from compiler.deploy.outcome import Consent, DryRun, Outcome, dry_runs
from compiler.deploy.session import Session
from compiler.deploy.sessions import Sessions


def roll_back(
    sessions: Sessions,
    to: int | None,
    options: PushOptions,
    consent: Consent = lambda _: None,
) -> tuple[Outcome, ...]:
    """Return hosts to generation `to`, or to the last that came up before what they have now.

    Hosts are taken through it step by step as by a push: files, units, images and secret values are that
    generation's.
    """
    return _change(sessions, "rollback", {"to": to, **options.request}, options, consent)


def remove(
    sessions: Sessions, options: PushOptions, consent: Consent = lambda _: None
) -> tuple[Outcome, ...]:
    """Take everything off hosts that heatsink has put there, its own records too; named volumes stay."""
    return _change(sessions, "remove", options.request, options, consent)


def _change(
    sessions: Sessions, verb: str, request: Mapping[str, object], options: PushOptions, consent: Consent
) -> tuple[Outcome, ...]:
    def ask(session: Session) -> None:
        session.greet()
        session.request(verb, request)

    def agree(plans: Mapping[str, PlanSummary]) -> None:
        consent(sorted(dry_runs(sessions, plans, {}), key=_host))

    sessions.map(ask)
    return tuple(sorted(activate(sessions, options, agree), key=_host))


def _host(result: DryRun | Outcome) -> str:
    return result.host
