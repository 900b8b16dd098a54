"""A plan is a value made of values: what is wanted, what is installed, what was observed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from compiler.host.installed import Installed
from compiler.host.jobs import Start, Stop, UnitsBefore
from compiler.host.manifest import Listener
from compiler.host.plan import Observed, Plan, make_plan
from compiler.host.store import Generation
from tests.support.bundles import run_once, service, write_build

ZERO, ONE, TWO, JOB = (f"heatsink-{name}.service" for name in ("zero", "one", "two", "job"))
ALL = (ZERO, ONE, TWO, JOB)
SALT = "0" * 64


@pytest.fixture
def wanted(tmp_path: Path) -> Generation:
    parts = (service("zero", step=0), service("one"), service("two", step=2), run_once("job"))
    write_build(tmp_path, {"here": parts})
    return Generation.of((tmp_path / "hosts/here/manifest.json").read_bytes(), {})


def installed(wanted: Generation, engine: str = "podman", **changed: str) -> Installed:
    """Everything came up with the hashes that are wanted, but for some units (`one`, `two`, `job`)."""
    others = {f"heatsink-{name}.service": value for name, value in changed.items()}
    record = Installed()
    record.units = {**wanted.hashes(SALT), **others}
    record.engine = engine
    return record


def plan(
    wanted: Generation, before: Installed, up: Sequence[str] = ALL, running: Sequence[str] | None = None,
    dependents: dict[str, Sequence[str]] | None = None,
) -> Plan:  # fmt: skip
    units = UnitsBefore(
        up=frozenset(up),
        running=frozenset(up if running is None else running),
        dependents=dependents or {},
    )
    return make_plan(wanted, before, Observed(differing=(), misplaced=(), units=units), SALT)


def starts(made: Plan) -> dict[str, tuple[str, str]]:
    """Unit → what happens to it, and why."""
    return {start.name: (str(start.row["action"]), start.why) for start in made.starts}


def test_nothing_starts_when_all_is_up_with_the_hashes_that_are_wanted(wanted: Generation) -> None:
    assert starts(plan(wanted, installed(wanted))) == {}


def test_everything_is_new_on_an_empty_host(wanted: Generation) -> None:
    assert starts(plan(wanted, Installed(), up=())) == {
        ZERO: ("start", "new"),
        JOB: ("run", "new"),
        ONE: ("start", "new"),
        TWO: ("start", "new"),
    }


def test_a_unit_that_came_up_with_another_hash_restarts_and_one_that_is_down_starts(
    wanted: Generation,
) -> None:
    made = plan(wanted, installed(wanted, one="another"), up=(ZERO, ONE, JOB))
    assert starts(made) == {ONE: ("restart", "changed"), TWO: ("start", "down")}


def test_a_unit_of_step_0_restarts_like_any_other(wanted: Generation) -> None:
    made = plan(wanted, installed(wanted, zero="another"), dependents={ZERO: (ONE,)})
    assert starts(made) == {ZERO: ("restart", "changed"), ONE: ("restart", "dependency")}


def test_a_unit_that_systemd_restarts_again_and_again_is_stopped_before_it_starts(wanted: Generation) -> None:
    made = plan(wanted, installed(wanted), up=(ZERO, TWO, JOB), running=ALL)
    assert starts(made) == {ONE: ("restart", "down")}


def test_a_unit_that_an_earlier_push_did_not_bring_up_is_unfinished(wanted: Generation) -> None:
    assert starts(plan(wanted, installed(wanted, one=""))) == {ONE: ("restart", "unfinished")}


def test_a_run_once_unit_that_is_done_is_left_alone_though_nothing_is_known_of_it(wanted: Generation) -> None:
    assert starts(plan(wanted, installed(wanted, job=""))) == {}


def test_units_that_exchange_a_port_do_not_restart_each_for_itself(wanted: Generation) -> None:
    def alone(*before: Listener) -> set[str]:
        units = UnitsBefore(up=frozenset(ALL), running=frozenset(ALL), dependents={}, listeners=before)
        observed = Observed(differing=(), misplaced=(), units=units)
        recorded = installed(now, zero="another", one="another", two="another")
        return {start.name for start in make_plan(now, recorded, observed, SALT).starts if start.alone}

    listeners = (
        Listener(80, "tcp", "", "one"),
        Listener(80, "udp", "", "two"),
        Listener(81, "tcp", "", "zero"),
    )
    now = wanted._replace(manifest=wanted.manifest._replace(listeners=listeners))
    assert alone() == alone(*listeners) == {ZERO, ONE, TWO}
    assert alone(Listener(80, "tcp", "", "two")) == {ZERO}
    assert alone(*listeners[1:], Listener(80, "tcp", "10.0.0.1", "zero")) == {TWO}
    assert alone(Listener(80, "tcp", "10.0.0.1", "one")) == {ZERO, ONE, TWO}


def test_units_start_in_their_steps(wanted: Generation) -> None:
    made = plan(wanted, Installed(), up=())
    assert {step: [start.name for start in made.starts_in(step)] for step in (0, 1, 2, 3)} == {
        0: [ZERO],
        1: [JOB, ONE],
        2: [TWO],
        3: [],
    }


def test_what_requires_a_unit_that_restarts_restarts_with_it(wanted: Generation) -> None:
    made = plan(wanted, installed(wanted, one="another"), dependents={ONE: (TWO,)})
    assert made.starts[1:] == [
        Start(wanted.services[3], why="dependency", restarts=True, stops_with=ONE),
    ]


def test_what_requires_a_run_once_unit_that_runs_again_restarts_with_it(wanted: Generation) -> None:
    made = plan(wanted, installed(wanted, job="another"), dependents={JOB: (ONE,), ONE: (TWO,)})
    assert starts(made) == {
        JOB: ("run", "changed"),
        ONE: ("restart", "dependency"),
        TWO: ("restart", "dependency"),
    }


def test_a_stop_passes_through_units_that_are_down(wanted: Generation) -> None:
    chain: dict[str, Sequence[str]] = {ONE: ("some.target",), "some.target": (TWO,)}
    made = plan(wanted, installed(wanted, one="another"), dependents=chain)
    assert starts(made) == {ONE: ("restart", "changed"), TWO: ("restart", "dependency")}
    assert made.stops == []


def test_a_run_once_unit_that_is_stopped_with_another_is_not_run_again(wanted: Generation) -> None:
    made = plan(wanted, installed(wanted, one="another"), dependents={ONE: (JOB,)})
    assert starts(made) == {ONE: ("restart", "changed")}


def test_a_unit_that_starts_and_does_not_run_takes_nothing_down(wanted: Generation) -> None:
    made = plan(wanted, installed(wanted), up=(ZERO, TWO, JOB), dependents={ONE: (TWO,)})
    assert starts(made) == {ONE: ("start", "down")}


def test_a_unit_of_others_that_goes_down_is_in_the_plan(wanted: Generation) -> None:
    running = (*ALL, "backup.service")
    dependents = {TWO: ("backup.service",)}
    made = plan(wanted, installed(wanted, two="another"), running=running, dependents=dependents)
    assert made.stops == [Stop("backup.service", why="dependency", step=2, stops_with=TWO)]
    assert made.stops_before == []


def test_what_is_not_wanted_is_stopped_and_removed(wanted: Generation) -> None:
    left = installed(wanted, left="x")
    left.files = ["/etc/left"]
    made = plan(wanted, left, up=())
    assert (made.stops, made.removals) == ([Stop("heatsink-left.service", why="removed")], ["/etc/left"])


def test_what_requires_a_unit_that_leaves_restarts(wanted: Generation) -> None:
    left = installed(wanted, left="x")
    made = plan(wanted, left, dependents={"heatsink-left.service": (ONE,)})
    assert starts(made) == {ONE: ("restart", "dependency")}


def test_another_engine_stops_every_unit_and_starts_the_services_again(wanted: Generation) -> None:
    made = plan(wanted, installed(wanted, engine="docker"))
    assert made.stops_before == [JOB, ONE, TWO, ZERO]
    assert starts(made) == {ZERO: ("start", "engine"), ONE: ("start", "engine"), TWO: ("start", "engine")}
