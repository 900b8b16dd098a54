"""What was done on hosts, and the generations that they keep."""

from __future__ import annotations

from dataclasses import dataclass

from compiler.deploy.events import GenerationsKept, HistoryReported, RecordedChange
from compiler.deploy.session import Session
from compiler.deploy.sessions import Sessions


@dataclass(frozen=True, slots=True, kw_only=True)
class HostHistory:
    """The history of one host."""

    host: str
    kept: GenerationsKept
    changes: tuple[RecordedChange, ...]  # newest first


def histories(sessions: Sessions, newest: int) -> tuple[HostHistory, ...]:
    """The newest changes of hosts; those that could not be asked are in `sessions.errors`."""

    def history(session: Session) -> HostHistory:
        session.greet()
        session.request("history", {"newest": newest}, keep=False)
        kept = session.expect(GenerationsKept)
        return HostHistory(host=session.host, kept=kept, changes=session.expect(HistoryReported).changes)

    return tuple(sessions.ask(history).values())
