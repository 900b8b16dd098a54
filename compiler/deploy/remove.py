"""Taking everything off hosts that heatsink has put there."""

from __future__ import annotations

from compiler.deploy.activation import PushOptions, activate
from compiler.deploy.outcome import Outcome
from compiler.deploy.session import Session
from compiler.deploy.sessions import Sessions


def remove(sessions: Sessions, options: PushOptions) -> tuple[Outcome, ...]:
    """Stop and remove units, containers, files and heatsink's own records; named volumes stay."""

    def ask(session: Session) -> None:
        session.greet()
        session.request("remove", options.request)

    sessions.map(ask)
    return tuple(sorted(activate(sessions, options), key=lambda outcome: outcome.host))
