"""Changes for which nothing is sent: back to a generation that hosts have kept, or to nothing."""

from __future__ import annotations

from collections.abc import Mapping

from compiler.deploy.activation import PushOptions, activate
from compiler.deploy.choice import chosen, undoing
from compiler.deploy.events import GenerationsKept, PlanSummary
from compiler.deploy.outcome import Consent, DryRun, Outcome, dry_runs
from compiler.deploy.session import Session
from compiler.deploy.sessions import Sessions
from compiler.diagnostics import HeatsinkError, Problem


def roll_back(
    sessions: Sessions,
    to: str | None,
    options: PushOptions,
    consent: Consent = lambda _: None,
) -> tuple[Outcome, ...]:
    """Return hosts to generation `to`, or to what they had before their last change; those that it has left
    as they were stay so.

    Hosts are taken through it step by step as by a push: files, units, images and secret values are that
    generation's. `to` is as for `chosen`: HeatsinkError, with nothing changed, if a host does not keep it.
    """
    _ask(sessions, "rollback", options.request)
    unchanged = _choose(sessions, to)
    return _change(sessions, options, consent, unchanged)


def _choose(sessions: Sessions, to: str | None) -> dict[str, int]:
    """Tell each host which of its generations is meant. Those that stay as they are, are left out: host →
    its generation."""
    kept = sessions.map(lambda session: session.expect(GenerationsKept))
    try:
        numbers = undoing(kept) if to is None else chosen(kept, to)
    except HeatsinkError as error:
        raise HeatsinkError.of((*error.problems, Problem("no host was changed"))) from None
    sessions.map(lambda session: session.send({"to": numbers.get(session.host, 0)}))
    staying = [host for host in sessions.by_host if host not in numbers]
    sessions.close(staying)
    return {host: kept[host].current for host in staying}


def remove(
    sessions: Sessions,
    options: PushOptions,
    consent: Consent = lambda _: None,
    *,
    volumes: bool = False,
) -> tuple[Outcome, ...]:
    """Take everything off hosts that heatsink has put there, its own records and the images it has pulled
    too; named volumes stay, unless those that it has made are to be destroyed with what is in them."""
    _ask(sessions, "remove", {**options.request, "volumes": volumes})
    return _change(sessions, options, consent, {})


def _ask(sessions: Sessions, verb: str, request: Mapping[str, object]) -> None:
    def ask(session: Session) -> None:
        session.greet()
        session.request(verb, request)

    sessions.map(ask)


def _change(
    sessions: Sessions, options: PushOptions, consent: Consent, unchanged: Mapping[str, int]
) -> tuple[Outcome, ...]:
    def agree(plans: Mapping[str, PlanSummary]) -> None:
        consent(sorted(dry_runs(sessions, plans, unchanged), key=_host))

    stay = (Outcome(host=host, generation=generation) for host, generation in unchanged.items())
    return tuple(sorted((*stay, *activate(sessions, options, agree)), key=_host))


def _host(result: DryRun | Outcome) -> str:
    return result.host
