"""Hosts that answer anything: each is left out with a clear error, and the others finish."""

from __future__ import annotations

import itertools
import json
import time
import unicodedata
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compiler.deploy import reading
from compiler.deploy.answers import Answers, NotUnderstoodError
from compiler.deploy.errors import DeployError
from compiler.deploy.events import Missing
from compiler.deploy.outcome import Outcome
from compiler.deploy.reading import read_event
from compiler.deploy.session import Session
from tests.support.odd_answers import FAILURE, JOB, NOT_UNDERSTOOD
from tests.support.scripted import (
    GREETING,
    MISSING,
    OPTIONS,
    PUSHED,
    ScriptedChannel,
    ScriptedTransport,
    line,
    pushed,
    transport,
)

STRANGE = "odd: answers with what heatsink does not understand: "


@pytest.mark.parametrize("case", NOT_UNDERSTOOD)
def test_a_host_with_an_odd_answer_is_left_out_and_the_others_finish(tmp_path: Path, case: str) -> None:
    answers, shown = NOT_UNDERSTOOD[case]
    outcomes = pushed(tmp_path, {"odd": transport(*answers), "good": transport(*PUSHED)})
    assert_finished(outcomes["good"])
    said = error(outcomes["odd"])
    assert said.startswith(STRANGE + (shown or "`"))
    assert len(said) < len(STRANGE) + 80


def test_what_no_host_program_prints_has_a_hint(tmp_path: Path) -> None:
    outcome = pushed(tmp_path, {"odd": transport(GREETING, b"DeprecationWarning\n")})["odd"]
    assert outcome.error
    assert outcome.error.render() == (
        f"error: {STRANGE}`DeprecationWarning`\n"
        "hint: look for what else prints there: the shell's start-up files, a changed Python library"
    )


def test_a_host_that_answers_nonsense_to_a_confirmation_ends_alone(tmp_path: Path) -> None:
    undone = line("refused", message="the host has returned to generation 1", hint="")
    nonsense = ScriptedTransport([(*PUSHED[:-1], undone), itertools.repeat(b"x" * 32768)])
    good = ScriptedTransport([PUSHED, (GREETING, b"heatsink confirmed\n")])
    options = replace(OPTIONS, confirm=True, confirm_within=0)
    outcomes = pushed(tmp_path, {"odd": nonsense, "good": good}, options)
    assert_finished(outcomes["good"])
    assert outcomes["odd"].error
    assert outcomes["odd"].error.render() == (
        "error: odd: does not confirm, but answers a line without an end\n\n"
        "error: odd: the host has returned to generation 1"
    )


ENDLESS = {
    "a line without an end": (itertools.repeat(b"x" * 32768), "a line without an end"),
    "warnings": (itertools.repeat(line("warning", text="x") * 500), "more than it can have to report"),
    "progress": (itertools.repeat(line("progress", text="x") * 500), "more than it can have to report"),
    "long warnings": (
        itertools.repeat(line("warning", text="x" * 4_000_000)),
        "more than it can have to report",
    ),
}


@pytest.mark.parametrize("case", ENDLESS)
def test_a_host_that_does_not_end_is_left_out(tmp_path: Path, case: str) -> None:
    pieces, shown = ENDLESS[case]
    odd = ScriptedTransport([itertools.chain((GREETING,), pieces)])
    outcomes = pushed(tmp_path, {"odd": odd, "good": transport(*PUSHED)})
    assert_finished(outcomes["good"])
    assert error(outcomes["odd"]) == STRANGE + shown


ENDED: dict[str, tuple[tuple[bytes | TimeoutError, ...], Iterable[bytes | TimeoutError], str]] = {
    "at once": ((), (), "the connection was lost"),
    "in its greeting": ((GREETING[:20],), (), "the connection was lost"),
    "in an event": ((GREETING, MISSING[:20]), (), "the connection was lost"),
    "before it is done": (PUSHED[:-1], (), "the connection was lost"),
    "with an error": ((GREETING,), (b"sh: 1: \x1b[31mno", b" more\x1b[2J\n"), r"sh: 1: no more\x1b[2J"),
    "with lines of others": ((GREETING,), (b"x\nerror: node99: y",), "x\n  | error: node99: y"),
    "with an endless error": ((GREETING,), itertools.repeat(b"x" * 9999), "x" * 4096 + "…"),
    "with an open stderr": ((GREETING,), (b"x", TimeoutError()), "x"),
    "in silence": ((GREETING, TimeoutError()), (), "no answer for 60 s"),
}


@pytest.mark.parametrize("case", ENDED)
def test_a_host_that_ends_early_says_why(tmp_path: Path, case: str) -> None:
    answers, stderr, shown = ENDED[case]
    outcomes = pushed(tmp_path, {"odd": transport(*answers, stderr=stderr), "good": transport(*PUSHED)})
    assert_finished(outcomes["good"])
    assert error(outcomes["odd"]) == f"odd: {shown}"


def test_progress_without_an_end_takes_too_long() -> None:
    class Slow(ScriptedTransport):
        def open(self) -> ScriptedChannel:
            progress = itertools.chain((GREETING,), itertools.repeat(line("progress", text="x")))
            return ScriptedChannel(progress, iter(()), pause=0.01)

    session = Session("odd", Slow([]), lambda host, text: None)
    session.greet()
    with pytest.raises(DeployError, match=r"^odd: takes too long$"):
        session.expect(Missing, within=0.1)


def test_a_line_that_comes_byte_by_byte_ends_in_time() -> None:
    channel = ScriptedChannel(itertools.repeat(b"x"), iter(()), pause=0.01)
    with pytest.raises(TimeoutError):
        Answers(channel).line(time.monotonic() + 0.1)


@given(
    st.lists(st.binary(max_size=6).map(lambda text: text.replace(b"\n", b"")), max_size=6), st.integers(1, 9)
)
def test_lines_are_the_same_however_they_arrive(lines: list[bytes], size: int) -> None:
    content = b"".join(text + b"\n" for text in lines)
    pieces = (content[start : start + size] for start in range(0, len(content), size))
    answers = Answers(ScriptedChannel(pieces, iter(())))
    assert [answers.line(time.monotonic() + 9) for _ in lines] == [text + b"\n" for text in lines]


def test_a_refusal_cannot_write_lines_of_other_hosts(tmp_path: Path) -> None:
    refusal = line("refused", message="no\nerror: node99: \x1b]0;x\x07", hint="a\rb\u202ec")
    outcome = pushed(tmp_path, {"odd": transport(GREETING, refusal)})["odd"]
    assert outcome.error
    assert outcome.error.render() == (
        "error: odd: no\n  | error: node99: \\x1b]0;x\\x07\nhint: a\n  | b\\u202ec"
    )


def test_a_failed_unit_is_shown_without_control_characters(tmp_path: Path) -> None:
    failure = {
        "unit": "one\x9b",
        "why": "dead\n",
        "hint": "x\x9b",
        "journal": ["\x1b[31mred\x1b[0m\tx", "\ud800", "a\nb"],
    }
    failed = line("step", step=0, started=[], failed=[failure], aftermath="it is\x1b[1m as before")
    outcome = pushed(tmp_path, {"odd": transport(*PUSHED[:4], failed)})["odd"]
    assert outcome.error
    assert outcome.error.render() == (
        "error: odd: `one\\x9b` did not come up: dead\\n\n  | red     x\n  | \\ud800\n  | a\\nb\n"
        "hint: x\\x9b\n\nerror: odd: it is as before"
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(st.text(max_size=5), values, max_size=3),
    max_leaves=8,
)
FIELDS = ("text", "message", "hint", "blobs", "writes", "removals", "stops", "starts", "units", "started",
          "failed", "generation", "current", "unit", "why", "journal", "hint")  # fmt: skip
VALUES = (
    JSON | st.lists(st.text(max_size=9) | st.just("0" * 64), max_size=3) | st.just([JOB]) | st.just([FAILURE])
)
EVENTS = st.builds(
    lambda event, fields: {"event": event} | fields,
    st.sampled_from(sorted(reading.EVENTS)),
    st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS, VALUES)),
)


@given(st.binary(max_size=40) | JSON.map(lambda value: json.dumps(value).encode())
       | EVENTS.map(lambda event: json.dumps(event).encode()))  # fmt: skip
def test_any_line_is_an_event_with_printable_texts_or_is_not_understood(content: bytes) -> None:
    try:
        shown = texts(read_event(content + b"\n"))
    except NotUnderstoodError as problem:
        shown = str(problem)
    categories = {unicodedata.category(character) for character in shown.replace("\n", "")}
    assert not categories & {"Cc", "Cf", "Cs", "Zl", "Zp"}


@given(
    st.lists(
        st.sampled_from(PUSHED) | EVENTS.map(lambda event: json.dumps(event).encode() + b"\n"), max_size=8
    )
)
def test_any_conversation_ends_with_a_result_for_its_host(
    tmp_path_factory: pytest.TempPathFactory, answers: list[bytes]
) -> None:
    outcomes = pushed(tmp_path_factory.mktemp("push"), {"odd": transport(GREETING, *answers)})
    assert set(outcomes) == {"odd"}


def texts(event: object) -> str:
    """All texts in an event, one after the other."""
    if isinstance(event, str):
        return event
    if isinstance(event, tuple):
        return "".join(map(texts, event))
    return "".join(texts(getattr(event, name)) for name in getattr(event, "__slots__", ()))


def assert_finished(outcome: Outcome) -> None:
    assert (outcome.error, outcome.generation, outcome.started) == (None, 1, ("unit0", "unit1"))


def error(outcome: Outcome) -> str:
    assert outcome.error
    return outcome.error.problems[0].message
