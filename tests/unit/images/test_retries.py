"""Failures of the network, and how often a build is tried again after them."""

from __future__ import annotations

from pathlib import Path

import pytest

from compiler.images.retries import Retries, transient
from tests.support.build_engine import Remembered, ScriptedEngine, outcomes, toy

LOST = {"error": "Connection reset by peer"}
WRONG = {"error": "exit status 1"}
AT_ONCE = Retries(number=3, first_wait=0)


@pytest.mark.parametrize(
    ("output", "failure"),
    [
        ("Err:1 http://deb.example InRelease\n  Temporary failure resolving 'deb.example'", "a name was"),
        ("E: Failed to fetch http://a/x.deb  503  Service Unavailable [IP: 192.0.2.1 80]", "an error of"),
        ("W: Failed to fetch http://deb.example/  Unable to connect to deb.example:80:", "no connection"),
        ("E: Failed to fetch http://deb.example/x.deb  Connection timed out [IP: 192.0.2.1 80]", "a timeout"),
        ("E: Failed to fetch http://deb.example/x.deb  Hash Sum mismatch", "a mirror that"),
        ("  Error reading from server. Remote end closed connection [IP: 192.0.2.1 80]", "a connection was"),
        ("curl: (22) The requested URL returned error: 502", "an error of"),
        ("curl: (56) Recv failure: Connection reset by peer", "a connection was"),
        (
            'building at STEP "ADD http://a /x": reading "http://a": invalid response status 503',
            "an error of",
        ),
        ("received unexpected HTTP status: 500 Internal Server Error", "an error of"),
        ("toomanyrequests: You have reached your pull rate limit", "a server with"),
        ("dial tcp: lookup registry.example on 192.0.2.53:53: server misbehaving", "a name was"),
        ("net/http: TLS handshake timeout", "a timeout"),
        ("fatal: early EOF\nfatal: index-pack failed", "a connection was"),
    ],
)
def test_failures_of_the_network_are_recognised(output: str, failure: str) -> None:
    assert str(transient(output)).startswith(failure)


@pytest.mark.parametrize(
    "output",
    [
        "E: Unable to locate package helo",
        "  Could not resolve 'no-such-mirror.example'",
        "curl: (22) The requested URL returned error: 404",
        "Installed 503 packages, 500 MB",
        "manifest unknown",
        "STEP 3/4: RUN test-that connection refused is handled\nassertion failed",
        "building at STEP \"RUN grep 'timed out' log\": exit status 1",
        "The command '/bin/sh -c grep timed out log' returned a non-zero code: 1",
        "Err: Connection timed out, trying the next mirror\nSTEP 4/4: RUN make\nmake: *** [all] Error 2",
        "connection refused\n" + "a line of what came then\n" * 40 + "exit status 1",
    ],
)
def test_other_failures_are_not(output: str) -> None:
    assert transient(output) is None


def test_waits_double_up_to_a_minute() -> None:
    assert [Retries(number=5).wait(attempt) for attempt in range(1, 7)] == [5, 10, 20, 40, 60, None]


def test_a_build_succeeds_when_the_network_is_back(tmp_path: Path) -> None:
    engine = ScriptedEngine({"web": [LOST, LOST]})
    outcome = outcomes(engine, tmp_path, toy("web"), retries=AT_ONCE)["web"]
    assert (outcome.result.value, engine.built) == ("built", ["web"] * 3)


def test_a_build_fails_when_the_network_stays_away(tmp_path: Path) -> None:
    engine = ScriptedEngine({"web": [LOST] * 9})
    outcome = outcomes(engine, tmp_path, toy("web"), retries=AT_ONCE)["web"]
    assert (outcome.reason, engine.built) == ("Connection reset by peer", ["web"] * 4)


def test_a_build_that_fails_for_another_reason_is_not_tried_again(tmp_path: Path) -> None:
    engine = ScriptedEngine({"web": [LOST, WRONG]})
    outcome = outcomes(engine, tmp_path, toy("web"), retries=AT_ONCE)["web"]
    assert (outcome.reason, engine.built) == ("exit status 1", ["web"] * 2)


def test_the_log_has_every_attempt(tmp_path: Path) -> None:
    observer = Remembered()
    outcomes(ScriptedEngine({"web": [LOST]}), tmp_path, toy("web"), retries=AT_ONCE, observer=observer)
    waiting = "a connection was lost: attempt 2 of 4 in 0 s"
    assert (tmp_path / "web.log").read_text() == f"Connection reset by peer\n{waiting}\n"
    assert observer.heard == [("started", "web", ""), ("waiting", "web", waiting)]
