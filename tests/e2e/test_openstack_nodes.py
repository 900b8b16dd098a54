"""A real OpenStack on a controller and two compute hosts, which reach other networks by the controller.

The tests go on from one another, as an operator's days do.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from compiler.lab import LabNode
from tests.support.cloud import SUBNET, Cloud, answers_outside, cloud_of, eventually, guests_of
from tests.support.tempest import smoke

pytestmark = [pytest.mark.lab, pytest.mark.openstack]

ROLES = {"Controller": 1, "Compute": 2}


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    folder = tmp_path_factory.mktemp("site")
    environments = ("openstack-gateways.yaml", "openstack-lab.yaml")
    parameters = {"NovaResumeGuestsStateOnHostBoot": True, "LogrotateMaxsize": "1k"}
    with cloud_of(folder, ROLES, environments=environments, **parameters) as cloud:
        cloud.make_network()
        cloud.make_reachable_network()
        yield cloud


@pytest.fixture(scope="module")
def compute(cloud: Cloud) -> LabNode:
    return cloud.operator.nodes[1]


@pytest.fixture(scope="module")
def second(cloud: Cloud) -> LabNode:
    return cloud.operator.nodes[2]


def test_the_services_of_all_hosts_are_up(cloud: Cloud, compute: LabNode, second: LabNode) -> None:
    cloud.operator.heatsink("status")
    assert _hypervisors(cloud) == {compute.name: "up", second.name: "up"}
    agents = cloud.asked("network", "agent", "list")
    assert sorted((agent["Host"], agent["Agent Type"], agent["Alive"]) for agent in agents) == [
        (cloud.controller.name, "OVN Controller Gateway agent", True),
        (compute.name, "OVN Controller agent", True),
        (compute.name, "OVN Metadata agent", True),
        (second.name, "OVN Controller agent", True),
        (second.name, "OVN Metadata agent", True),
    ]


def test_an_instance_gets_its_address_and_its_metadata_on_a_compute_host(
    cloud: Cloud, compute: LabNode
) -> None:
    options = ("--network", "private", "--security-group", "web")
    cloud.boots("first", *options, "--availability-zone", f"nova:{compute.name}")
    assert cloud.knows_itself("first"), cloud.console("first")
    assert "qemu" in compute.run(("ps", "-e"))


def test_an_instance_reaches_another_on_another_host(cloud: Cloud, second: LabNode) -> None:
    cloud.boots_asking("second", "first", "--availability-zone", f"nova:{second.name}")


def test_a_floating_address_answers_outside(cloud: Cloud) -> None:
    cloud.client("floating", "ip", "create", "public", "--floating-ip-address", f"{SUBNET}.210")
    cloud.client("server", "add", "floating", "ip", "first", f"{SUBNET}.210")
    assert eventually(_answers)


def test_a_volume_keeps_what_guests_on_two_hosts_have_written(cloud: Cloud) -> None:
    cloud.client("volume", "create", "--size", "1", "data")
    for server, before in (("first", "empty"), ("second", "written-by-i-00000001")):
        assert eventually(lambda: cloud.status("data", "volume") == "available")
        cloud.client("server", "add", "volume", server, "data")
        said = f"GUEST-VOLUME ok {before}"
        assert eventually(lambda: said in cloud.console(server)), cloud.console(server)  # noqa: B023
        cloud.client("server", "remove", "volume", server, "data")
    assert eventually(lambda: cloud.status("data", "volume") == "available")
    cloud.client("volume", "delete", "data")


# Logs.


def test_the_collector_has_what_a_compute_host_has_logged(cloud: Cloud, compute: LabNode) -> None:
    compute.run(("logger", "--tag", "heatsink-test", "a line of this host"))
    log = f"/var/log/kolla/fleet-{compute.name}.log"
    assert eventually(lambda: "a line of this host" in cloud.controller.run(("cat", log)))


def test_logs_are_rotated(cloud: Cloud, compute: LabNode) -> None:
    assert "heatsink-logrotate.timer" in cloud.controller.run(("systemctl", "list-timers", "--no-pager"))
    cloud.controller.run(("systemctl", "start", "heatsink-logrotate"))
    log = f"/var/log/kolla/fleet-{compute.name}.log"
    assert "a line of this host" in cloud.controller.run(("cat", f"{log}.1"))
    compute.run(("logger", "--tag", "heatsink-test", "another line"))
    assert eventually(lambda: "another line" in cloud.controller.run(("cat", log)))


# What others say.


def test_the_smoke_tests_of_tempest_pass(cloud: Cloud, tmp_path: Path) -> None:
    result = smoke(cloud, tmp_path)
    print(f"tempest: {len(result.passed)} passed, {len(result.skipped)} skipped, {len(result.failed)} failed")
    assert result.failed == [], result.output
    assert len(result.passed) > 90
    assert all(".object_storage." in name for name in result.skipped)


# Power.


def test_everything_is_back_after_a_reboot_of_a_compute_host(cloud: Cloud, compute: LabNode) -> None:
    compute.reboot()
    assert eventually(_answers)
    assert eventually(cloud.is_up)
    assert cloud.status("first") == "ACTIVE"


def test_everything_is_back_after_a_power_cut_of_a_compute_host(cloud: Cloud, compute: LabNode) -> None:
    compute.crash()
    compute.boot()
    compute.wait()
    assert eventually(_answers)
    assert eventually(cloud.is_up)


def test_everything_is_back_after_a_reboot_of_the_controller(cloud: Cloud) -> None:
    cloud.controller.reboot()
    assert eventually(_answers)
    assert eventually(cloud.is_up)
    cloud.boots("third", "--network", "private")
    cloud.client("server", "delete", "--wait", "third")


# Compute hosts leave and come.


def test_a_compute_host_leaves(cloud: Cloud, compute: LabNode, second: LabNode) -> None:
    cloud.client("compute", "service", "set", "--disable", second.name, "nova-compute")
    cloud.client("server", "migrate", "--live-migration", "--block-migration", "second", seconds=240)
    assert eventually(lambda: _host(cloud, "second") == compute.name)
    assert eventually(lambda: cloud.status("second") == "ACTIVE")
    cloud.write_hosts({"Controller": 1, "Compute": 1})
    cloud.push()
    cloud.operator.heatsink("remove", "--host", second.name, "--yes")
    assert "heatsink" not in second.run(("systemctl", "list-units", "--all"))
    [number] = (
        str(service["ID"])
        for service in cloud.asked("compute", "service", "list")
        if service["Host"] == second.name
    )
    cloud.client("compute", "service", "delete", number)
    for agent in cloud.asked("network", "agent", "list"):
        if agent["Host"] == second.name:
            cloud.client("network", "agent", "delete", agent["ID"])
    second.run(("rm", "/var/lib/nova/compute_id"))
    assert _hypervisors(cloud) == {compute.name: "up"}
    assert _answers()


def test_a_compute_host_comes_back(cloud: Cloud, compute: LabNode, second: LabNode) -> None:
    cloud.write_hosts(ROLES)
    cloud.push()
    cloud.operator.heatsink("status")
    assert _hypervisors(cloud) == {compute.name: "up", second.name: "up"}
    cloud.boots("fourth", "--network", "private", "--availability-zone", f"nova:{second.name}")
    assert cloud.knows_itself("fourth")
    cloud.client("server", "delete", "--wait", "fourth")


def test_nothing_is_left_of_what_is_deleted(cloud: Cloud, compute: LabNode) -> None:
    cloud.client("server", "delete", "--wait", "first", "second")
    cloud.client("floating", "ip", "delete", f"{SUBNET}.210")
    cloud.client("router", "remove", "subnet", "router", "private")
    cloud.client("router", "delete", "router")
    cloud.client("network", "delete", "private", "public")
    assert cloud.asked("port", "list") == []
    assert not guests_of(compute)
    assert eventually(lambda: "ovnmeta-" not in compute.run(("ip", "netns")))
    assert not _answers()


def _hypervisors(cloud: Cloud) -> dict[str, str]:
    return {host["Hypervisor Hostname"]: host["State"] for host in cloud.asked("hypervisor", "list")}


def _host(cloud: Cloud, server: str) -> str:
    return str(cloud.asked("server", "show", server)["OS-EXT-SRV-ATTR:host"])


def _answers() -> bool:
    return answers_outside(f"{SUBNET}.210")
