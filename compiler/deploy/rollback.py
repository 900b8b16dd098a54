"""Going back to a generation that the hosts have kept."""

from __future__ import annotations

from compiler.deploy.activation import PushOptions, activate
from compiler.deploy.outcome import Outcome
from compiler.deploy.session import Session
from compiler.deploy.sessions import Sessions


def roll_back(sessions: Sessions, to: int | None, options: PushOptions) -> tuple[Outcome, ...]:
    """Return hosts to generation `to`, or to the last that came up before what they have now.

    Hosts are taken through it step by step as by a push, but nothing is sent: files, units, images and secret
    values are that generation's.
    """

    def ask(session: Session) -> None:
        session.greet()
        session.request("rollback", {"to": to, **options.request})

    sessions.map(ask)
    return tuple(sorted(activate(sessions, options), key=lambda outcome: outcome.host))
