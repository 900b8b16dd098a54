"""Hosts that answer anything when they are asked for their history: each ends alone, and is named."""

from __future__ import annotations

import pytest

from compiler.deploy.history import HostHistory, histories
from compiler.deploy.sessions import Sessions
from tests.support.scripted import GREETING, ScriptedTransport, line, transport

CHANGED = {"what": "written", "count": 2, "names": ["/etc/a"]}
CHANGE = {
    **dict.fromkeys(("result", "why", "action", "change", "by", "name", "source", "plan"), "x"),
    "at": 7,
    "generation": 1,
    "changed": [CHANGED],
}
KEPT = {"current": 1, "previous": 0, "change": "", "generations": [{"number": 1, "names": ["x"]}], "past": []}
GOOD = (GREETING, line("kept", **KEPT), line("history", changes=[CHANGE]))

ODD = {
    "no generations": line("kept", current=1, previous=0, change="", past=[]),
    "a past that is no list": line("kept", **KEPT | {"past": 1}),
    "a name that is a number": line("kept", **KEPT | {"generations": [{"number": 1, "names": [1]}]}),
    "a negative number": line("kept", **KEPT | {"current": -1}),
    "changes that are no list": line("history", changes={}),
    "a change without a time": line("history", changes=[{**CHANGE, "at": None}]),
    "a time beyond all calendars": line("history", changes=[{**CHANGE, "at": 1 << 40}]),
    "an unknown thing": line("history", changes=[{**CHANGE, "changed": [{**CHANGED, "what": "lost"}]}]),
}


def asked(odd: ScriptedTransport) -> tuple[tuple[HostHistory, ...], dict[str, str]]:
    """What an odd host and a good one say, and the errors."""
    hosts = {"odd": odd, "good": transport(*GOOD)}
    with Sessions(hosts, parallel=2, on_progress=lambda host, text: None) as sessions:
        read = histories(sessions, 9)
        return read, {host: error.problems[0].message for host, error in sessions.errors.items()}


@pytest.mark.parametrize("case", ODD)
def test_a_host_with_an_odd_answer_is_named_and_the_others_are_read(case: str) -> None:
    answers = (GREETING, ODD[case]) if b'"kept"' in ODD[case] else (*GOOD[:2], ODD[case])
    read, errors = asked(transport(*answers))
    assert [history.host for history in read] == ["good"]
    assert errors["odd"].startswith("odd: answers with what heatsink does not understand: `")


def test_texts_of_a_history_are_printable() -> None:
    read, errors = asked(
        transport(*GOOD[:2], line("history", changes=[{**CHANGE, "by": "root\x1b]0;x\x07\n"}]))
    )
    assert errors == {}
    assert read[0].changes[0].by == "root\\x1b]0;x\\x07\\n"
