"""A plan is a value made of values: what is wanted, what is installed, what was observed."""

from __future__ import annotations

from pathlib import Path

import pytest

from compiler.host.installed import Installed
from compiler.host.manifest import names_of
from compiler.host.plan import Observed, Plan, make_plan
from compiler.host.store import Generation
from tests.support.bundles import run_once, service, write_build

ONE, TWO, JOB = "heatsink-one.service", "heatsink-two.service", "heatsink-job.service"
SALT = "0" * 64


@pytest.fixture
def wanted(tmp_path: Path) -> Generation:
    write_build(tmp_path, {"here": [service("one"), service("two"), run_once("job")]})
    return Generation.of((tmp_path / "hosts/here/manifest.json").read_bytes(), {})


def plan(wanted: Generation, installed: Installed, up: set[str]) -> Plan:
    return make_plan(wanted, installed, Observed(differing=(), misplaced=(), up=frozenset(up)), SALT)


def test_nothing_starts_when_all_is_up_with_the_hashes_that_are_wanted(wanted: Generation) -> None:
    installed = Installed(units=wanted.hashes(SALT), engine="podman")
    assert names_of(plan(wanted, installed, {ONE, TWO, JOB}).starts) == []


def test_a_unit_that_came_up_with_another_hash_starts_and_so_does_one_that_is_down(
    wanted: Generation,
) -> None:
    installed = Installed(units={**wanted.hashes(SALT), ONE: "another"}, engine="podman")
    made = plan(wanted, installed, {ONE, JOB})
    assert (names_of(made.starts), made.changed) == ([ONE, TWO], {ONE})


def test_a_run_once_unit_that_is_done_is_left_alone_though_nothing_is_known_of_it(wanted: Generation) -> None:
    installed = Installed(units={**wanted.hashes(SALT), JOB: ""}, engine="podman")
    assert names_of(plan(wanted, installed, {ONE, TWO, JOB}).starts) == []


def test_a_unit_that_went_down_since_the_plan_was_made_is_due_too(wanted: Generation) -> None:
    made = plan(wanted, Installed(units=wanted.hashes(SALT), engine="podman"), {ONE, TWO, JOB})
    assert names_of(made.due(wanted.services, frozenset({ONE, JOB}))) == [TWO]


def test_what_is_not_wanted_is_stopped_and_removed(wanted: Generation) -> None:
    installed = Installed(units={"heatsink-left.service": "x"}, files=["/etc/left"], engine="podman")
    made = plan(wanted, installed, set())
    assert (made.stops, made.removals) == (["heatsink-left.service"], ["/etc/left"])


def test_another_engine_stops_every_unit_that_is_installed(wanted: Generation) -> None:
    made = plan(wanted, Installed(units=wanted.hashes(SALT), engine="docker"), {ONE, TWO, JOB})
    assert made.stops == [JOB, ONE, TWO]
