"""Going back to a generation that the hosts have kept."""

from __future__ import annotations

from compiler.deploy.crew import Crew
from compiler.deploy.protocol import Session
from compiler.deploy.push import Outcome, Terms, activate


def roll_back(crew: Crew, to: int | None, terms: Terms) -> tuple[Outcome, ...]:
    """Return hosts to generation `to`, or to the last that came up before what they have now.

    Everything goes the way of a push, step by step on all hosts, but nothing is sent: files, units, images
    and the values of secrets are those of then.
    """

    def ask(session: Session) -> None:
        session.greet()
        session.ask("rollback", {"to": to, **terms.request})

    crew.each(ask)
    return tuple(sorted(activate(crew, terms), key=lambda outcome: outcome.host))
