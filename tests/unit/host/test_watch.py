"""When a unit is up, is waited for, or has failed; and what a push says of those that it waits for."""

from __future__ import annotations

import dataclasses
import json
import time

import pytest

from compiler.host.units import UnitState
from compiler.host.watch import Verdict, verdict
from tests.support.bundles import run_once, service
from tests.support.host_folder import OPTIONS, HostFolder, host_folder

FIVE = dataclasses.replace(OPTIONS, timeout=2, settle=5)
QUICK = dataclasses.replace(OPTIONS, timeout=2)
CONTAINER = {
    "Name": "/shop",
    "State": {
        "Health": {
            "Status": "unhealthy",
            "FailingStreak": 3,
            "Log": [{"ExitCode": 22, "Output": "curl: (22) no page for opensesame\n"}],
        }
    },
    "Config": {"Healthcheck": {"Test": ["CMD-SHELL", "false"], "Timeout": 5_000_000_000, "Retries": 3}},
}
REPORTS = f"[ $1 != inspect ] || printf %s '{json.dumps([CONTAINER])}'"
FAILING = "health check failing (3 of 3): curl: (22) no page for "


@pytest.fixture
def host(tmp_path_factory: pytest.TempPathFactory) -> HostFolder:
    return host_folder(tmp_path_factory.mktemp("host"))


def state(active: str, up_for: float, *, has_job: bool) -> UnitState:
    return UnitState(
        active=active,
        sub="",
        result="success",
        restarts=0,
        since=None,
        has_job=has_job,
        activated=time.monotonic() - up_for,
    )


@pytest.mark.parametrize(("active", "up_for", "restarts", "stay", "expected"), [
    ("active", 0, 9, 0, Verdict("up")),
    ("active", 6, 9, 5, Verdict("up")),
    ("active", 2, 0, 5, Verdict("waiting", "up for 2 s")),
    ("active", 2, 1, 5, Verdict("waiting", "restarted 1 time by systemd, up for 2 s")),
    ("active", 2, 5, 5, Verdict("failed", "restarted 5 times by systemd")),
    ("activating", 0, 0, 0, Verdict("waiting", "activating")),
    ("activating", 0, 5, 0, Verdict("failed", "restarted 5 times by systemd")),
    ("inactive", 0, 0, 0, Verdict("failed", "inactive")),
    ("failed", 0, 0, 0, Verdict("failed", "failed")),
])  # fmt: skip
def test_a_unit_is_up_when_it_is_active_for_long_enough(
    active: str, up_for: float, restarts: int, stay: float, expected: Verdict
) -> None:
    seen = state(active, up_for, has_job=False)
    assert verdict(seen, up=active == "active", restarts=restarts, stay=stay) == expected


def test_the_restarts_of_a_unit_that_is_about_to_start_are_those_of_its_last_run() -> None:
    seen = state("inactive", 0, has_job=True)
    assert verdict(seen, up=False, restarts=7, stay=0) == Verdict("waiting", "not started yet")


@pytest.mark.slow
def test_a_unit_that_restarts_is_not_up_while_systemd_has_a_job_for_it(host: HostFolder) -> None:
    host.writes(service("one", config="a"))
    host.push()
    host.shows("one", Job=17)
    host.writes(service("one", config="b"))
    error = host.push(options=QUICK).error
    assert error is not None
    assert "`heatsink-one.service` did not come up: not up after 2 s: not stopped yet\n" in error.render()


@pytest.mark.slow
def test_a_unit_that_became_active_a_moment_ago_is_not_up_when_it_must_stay(host: HostFolder) -> None:
    started = int((time.monotonic() + 3600) * 1e6)  # as if it was always activated just now
    host.shows("one", NRestarts=3, ActiveEnterTimestampMonotonic=started)
    host.writes(service("one"))
    error = host.push(options=FIVE).error
    assert error is not None
    assert "not up for 5 s within 2 s: restarted 3 times by systemd, up for " in error.render()


def test_a_unit_that_was_not_started_does_not_count_as_one_that_must_stay(host: HostFolder) -> None:
    host.writes(service("one"), run_once("job"))
    host.push()
    host.shows("one", NRestarts=7, ActiveEnterTimestampMonotonic=int((time.monotonic() + 3600) * 1e6))
    host.writes(service("one"), run_once("job", command="echo again"))
    assert host.push(options=FIVE).error is None


def test_a_unit_that_hangs_costs_the_timeout_and_no_more(host: HostFolder) -> None:
    host.shows("one", ActiveState="activating", SubState="start")
    host.writes(service("one"))
    began = time.monotonic()
    error = host.push(options=QUICK).error
    assert error is not None
    assert "`heatsink-one.service` did not come up: not up after 2 s: activating (start)" in error.render()
    assert time.monotonic() - began < 2 + 4


def test_a_failing_check_is_shown_with_its_streak_and_its_output_without_secrets(host: HostFolder) -> None:
    host.installs("podman", f'{REPORTS}; [ "$1" != exec ]')
    host.writes(service("shop", container="shop", config="@{heatsink:secret:Pw}", sensitive=True))
    error = host.push(options=QUICK, Pw="opensesame").error
    assert error is not None
    assert f"did not come up: not up after 2 s: {FAILING}********\n" in error.render()
    assert "hint: see `journalctl -u heatsink-shop.service` on the host" in error.render()


@pytest.mark.slow
def test_what_is_waited_for_is_named_with_its_reason(host: HostFolder) -> None:
    host.installs("podman", f'{REPORTS}; [ "$1" != exec ]')
    host.writes(service("shop", container="shop"))
    texts = host.progress(dataclasses.replace(OPTIONS, timeout=6))
    assert f"waiting for heatsink-shop.service: {FAILING}opensesame" in texts


def test_a_check_that_succeeds_between_those_of_the_engine_is_enough(host: HostFolder) -> None:
    host.installs("podman", REPORTS)
    host.writes(service("shop", container="shop"))
    assert host.push().error is None


def test_an_engine_that_hangs_costs_the_timeout_and_is_named(host: HostFolder) -> None:
    host.installs("podman", '[ "$1" != inspect ] || sleep 100')
    host.writes(service("shop", container="shop"))
    error = host.push(options=QUICK).error
    assert error is not None
    assert "health check failing: `podman inspect --type container shop` did not end" in error.render()


def test_a_unit_of_a_step_that_a_push_does_not_have_is_refused(host: HostFolder) -> None:
    host.writes(service("one", step=2))
    error = host.push(options=dataclasses.replace(OPTIONS, steps=(1,))).error
    assert error is not None
    assert "`heatsink-one.service` is in step 2, which this push does not have" in error.render()
