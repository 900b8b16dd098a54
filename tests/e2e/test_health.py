"""Services that do not stay up, or are not healthy, on a real host: what a push says of them, and when."""

from __future__ import annotations

import re
import time

import pytest

from compiler.lab import LabNode
from compiler.model.artifact import Artifacts
from compiler.model.container import Healthcheck
from tests.support.bundles import run_once, service
from tests.support.nodes import Operator

pytestmark = [pytest.mark.lab, pytest.mark.backends]

HANGING = """#!/bin/sh
[ "$1" != {verb} ] || exec sleep 100
exec /usr/bin/{engine} "$@"
"""


def checked(operator: Operator, test: str, *, timeout: int = 5, retries: int = 3) -> Artifacts:
    """A container that only sleeps, with a health check."""
    check = Healthcheck(test=test, interval=1, timeout=timeout, retries=retries)
    return operator.container("web", healthcheck=check)


def test_a_healthy_container_is_up(operator: Operator) -> None:
    operator.writes(checked(operator, "exit 0"))
    operator.push("--settle", "5")
    assert operator.status()["heatsink-web.service"]["up"]


def test_a_container_that_is_never_healthy_is_named_with_the_output_of_its_check(operator: Operator) -> None:
    operator.writes(checked(operator, "echo no such page; exit 22", retries=60))
    said = operator.push("--timeout", "15", code=1)
    waited, _, error = said.partition("error: ")
    assert "waiting for heatsink-web.service: health check failing (" in waited
    assert "`heatsink-web.service` did not come up: not up after 15 s: " in error
    assert re.search(r"health check failing \(\d+ of 60\): no such page\n", error)
    assert "hint: see `journalctl -u heatsink-web.service` on the host" in error


def test_a_container_that_is_killed_as_unhealthy_again_and_again_fails_before_the_time_is_over(
    operator: Operator,
) -> None:
    operator.writes(checked(operator, "echo no such page; exit 22", retries=2))
    said = operator.push("--timeout", "300", code=1)
    assert re.search(
        r"did not come up: restarted 5 times by systemd; health check failing.*no such page", said
    )


def test_a_check_that_hangs_costs_its_own_timeout_and_leaves_no_process(
    operator: Operator, node: LabNode
) -> None:
    operator.writes(checked(operator, "sleep 1000", timeout=2, retries=9))
    said = operator.push("--timeout", "12", code=1)
    assert "health check failing: no result within 2 s" in said or " of 9): " in said
    left = "grep -lz ^HEATSINK_CHECK= /proc/[0-9]*/environ 2>/dev/null"
    assert node.attempt(("sh", "-c", left)).stdout == ""


@pytest.mark.parametrize(("verb", "limit", "shown"), [
    ("inspect", 8, "did not come up: not up after 8 s: health check failing: `{engine} inspect "),
    ("images", 60, ": `{engine} images --digests"),
])  # fmt: skip
def test_an_engine_that_hangs_is_named(
    operator: Operator, node: LabNode, verb: str, limit: int, shown: str
) -> None:
    operator.writes(checked(operator, "exit 0"))
    operator.push()  # a container that is new is looked for before anything else
    operator.writes(checked(operator, "exit 0; exit 1"))
    engine = operator.backend.engine
    stand_in = f"/usr/local/bin/{engine}"
    text = HANGING.format(verb=verb, engine=engine)
    node.run(("sh", "-c", f"cat >{stand_in} && chmod 755 {stand_in}"), stdin=text)
    began = time.monotonic()
    said = operator.push("--timeout", "8", "--keep", code=1)
    node.run(("rm", stand_in))
    assert shown.format(engine=engine) in said
    assert time.monotonic() - began < limit + 30


@pytest.mark.parametrize(
    ("lives", "restart_after"), [("0", "5s"), ("0.1", "100ms"), ("0.5", "5s"), ("0.9", "1s")]
)
def test_a_service_that_systemd_restarts_again_and_again_is_not_up(
    operator: Operator, lives: str, restart_after: str
) -> None:
    flapping = service(
        "flapping", command=f"sleep {lives}; exit 3", restart="always", restart_after=restart_after
    )
    operator.writes(flapping)
    said = operator.push("--timeout", "14", "--settle", "5", code=1)
    assert "`heatsink-flapping.service` did not come up: " in said
    assert "restarted " in said


def test_a_service_that_dies_after_its_step_has_ended_is_not_up(operator: Operator) -> None:
    operator.writes(service("one", command="sleep 3; echo out of luck; exit 7"), service("two", step=2))
    said = operator.push("--settle", "5", code=1)
    assert "`heatsink-one.service` did not come up: failed, result exit-code" in said
    assert "  | out of luck" in said


def test_a_service_that_dies_once_and_then_stays_up_is_up(operator: Operator) -> None:
    command = "[ -e /root/seen ] || { touch /root/seen; sleep 1; exit 1; }; exec sleep infinity"
    operator.writes(service("one", command=command, restart="always"))
    operator.push("--settle", "5")
    assert operator.status()["heatsink-one.service"]["restarts"] == 1


def test_a_unit_that_hangs_in_its_start_costs_the_timeout_and_no_more(operator: Operator) -> None:
    operator.writes(run_once("hanging", command="sleep 100"))
    began = time.monotonic()
    said = operator.push("--timeout", "8", code=1)
    assert "did not come up: not up after 8 s: activating (start)" in said
    assert time.monotonic() - began < 8 + 15  # and what the command itself takes, beside other tests
