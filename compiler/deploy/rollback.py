"""Going back to a generation that the hosts have kept."""

from __future__ import annotations

from compiler.deploy.protocol import Session
from compiler.deploy.push import Outcome, PushOptions, activate
from compiler.deploy.sessions import Sessions


def roll_back(sessions: Sessions, to: int | None, options: PushOptions) -> tuple[Outcome, ...]:
    """Return hosts to generation `to`, or to the last that came up before what they have now.

    Everything goes the way of a push, step by step on all hosts, but nothing is sent: files, units, images
    and the values of secrets are those of then.
    """

    def ask(session: Session) -> None:
        session.greet()
        session.ask("rollback", {"to": to, **options.request})

    sessions.map(ask)
    return tuple(sorted(activate(sessions, options), key=lambda outcome: outcome.host))
