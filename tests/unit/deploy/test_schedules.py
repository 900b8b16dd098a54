"""A push starts timers, and leaves what they start to them."""

from __future__ import annotations

import dataclasses

import pytest

from compiler.deploy.events import UnitStatus
from compiler.deploy.push import push
from tests.support.bundles import scheduled, service
from tests.support.host_folder import OPTIONS, HostFolder

TIMER, SERVICE = "heatsink-backup.timer", "heatsink-backup.service"


@pytest.fixture
def host(host: HostFolder) -> HostFolder:
    """A host with a container that runs by a schedule."""
    host.installs("podman", 'for word; do [ "$word" ] || exit 125; done')  # as podman does
    host.writes(scheduled("backup"))
    host.push()
    return host


def units(host: HostFolder) -> dict[str, UnitStatus]:
    return {unit.unit: unit for unit in host.status().units}


def test_the_timer_is_started_and_its_container_is_not(host: HostFolder) -> None:
    assert [name for name in host.started() if "backup" in name] == [TIMER]


def test_a_host_is_up_though_the_container_does_not_run(host: HostFolder) -> None:
    assert (host.status().state, units(host)[SERVICE].state) == ("up", "waiting")


def test_a_push_without_changes_does_nothing(host: HostFolder) -> None:
    assert (host.push().started, host.dry_run().is_unchanged) == ((), True)


def test_another_image_is_pulled_and_restarts_the_timer(host: HostFolder) -> None:
    host.writes(scheduled("backup", image="registry.example/backup:2"))
    plan = host.dry_run().plan
    assert [(unit.unit, unit.action) for unit in plan.units] == [(TIMER, "restart")]
    assert plan.pulls == ("registry.example/backup:2",)


@pytest.mark.parametrize(("active", "result", "state", "up"), [
    ("failed", "exit-code", "failed", False),
    ("activating", "success", "activating (start)", True),
    ("inactive", "success", "ended", True),
])  # fmt: skip
def test_a_status_has_the_last_run(
    host: HostFolder, active: str, result: str, state: str, *, up: bool
) -> None:
    sub = {"failed": "failed", "activating": "start", "inactive": "dead"}[active]
    host.shows("backup", ActiveState=active, SubState=sub, Result=result, StateChangeTimestamp="@1000")
    unit = units(host)[SERVICE]
    assert (unit.state, unit.up) == (state, up)


def test_the_timer_leaves_with_its_container(host: HostFolder) -> None:
    host.writes(service("other"))
    assert host.push().stopped == (SERVICE, TIMER)
    assert not host.path(f"/etc/systemd/system/{TIMER}").exists()


def test_systemd_forgets_the_runs_of_a_timer_that_leaves(host: HostFolder) -> None:
    assert "clean" not in host.calls()
    host.writes(service("other"))
    host.push()
    assert "clean" in host.calls()


def test_a_push_of_another_service_leaves_it(host: HostFolder) -> None:
    host.writes(service("other"))
    with host.sessions() as sessions:
        push(sessions, host.bundles(), {}, dataclasses.replace(OPTIONS, services=("other",)))
    assert {TIMER, SERVICE} < units(host).keys()
