"""A real OpenStack on a controller and a compute host: instances there, and other networks by the controller.

The tests go on from one another, as an operator's days do.
"""

from __future__ import annotations

from collections.abc import Iterator
from http.client import HTTPConnection

import pytest

from compiler.lab import LabNode
from tests.support.cloud import FURTHER, SUBNET, Cloud, cloud_of, eventually

pytestmark = [pytest.mark.lab, pytest.mark.openstack]


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    folder = tmp_path_factory.mktemp("site")
    roles = {"Controller": 1, "Compute": 1}
    environments = ("openstack-gateways.yaml", "openstack-lab.yaml")
    resume = {"NovaResumeGuestsStateOnHostBoot": True}
    with cloud_of(folder, roles, *FURTHER, environments=environments, **resume) as cloud:
        cloud.make_network()
        # That of the lab, so that this machine reaches floating addresses.
        cloud.make_public_network(SUBNET, "--allocation-pool", f"start={SUBNET}.200,end={SUBNET}.220")
        yield cloud


@pytest.fixture(scope="module")
def compute(cloud: Cloud) -> LabNode:
    return cloud.operator.nodes[1]


def test_the_services_of_both_hosts_are_up(cloud: Cloud, compute: LabNode) -> None:
    cloud.operator.heatsink("status")
    assert eventually(lambda: _hypervisors(cloud) == {compute.name: "up"})
    agents = cloud.asked("network", "agent", "list")
    assert sorted((agent["Host"], agent["Agent Type"], agent["Alive"]) for agent in agents) == [
        (cloud.controller.name, "OVN Controller Gateway agent", True),
        (compute.name, "OVN Controller agent", True),
        (compute.name, "OVN Metadata agent", True),
    ]


def test_an_instance_gets_its_address_and_its_metadata_on_the_compute_host(
    cloud: Cloud, compute: LabNode
) -> None:
    cloud.boots("first", "--network", "private", "--security-group", "web")
    assert cloud.knows_itself("first"), cloud.console("first")
    assert "qemu" in compute.run(("ps", "-e"))


def test_a_floating_address_answers_outside(cloud: Cloud) -> None:
    cloud.client("floating", "ip", "create", "public", "--floating-ip-address", f"{SUBNET}.210")
    cloud.client("server", "add", "floating", "ip", "first", f"{SUBNET}.210")
    assert eventually(_answers)


def test_everything_is_back_after_a_reboot_of_the_compute_host(cloud: Cloud, compute: LabNode) -> None:
    compute.reboot()
    assert eventually(_answers)
    cloud.operator.heatsink("status")
    assert cloud.status("first") == "ACTIVE"


def test_everything_is_back_after_a_reboot_of_the_controller(cloud: Cloud) -> None:
    cloud.controller.reboot()
    assert eventually(_answers)
    assert eventually(cloud.is_up)
    cloud.boots("second", "--network", "private")
    cloud.client("server", "delete", "--wait", "second")


def test_nothing_is_left_of_what_is_deleted(cloud: Cloud, compute: LabNode) -> None:
    cloud.client("server", "delete", "--wait", "first")
    cloud.client("floating", "ip", "delete", f"{SUBNET}.210")
    cloud.client("router", "remove", "subnet", "router", "private")
    cloud.client("router", "delete", "router")
    cloud.client("network", "delete", "private", "public")
    assert cloud.asked("port", "list") == []
    assert compute.attempt(("pgrep", "qemu")).returncode == 1
    assert eventually(lambda: "ovnmeta-" not in compute.run(("ip", "netns")))
    assert not _answers()


def _hypervisors(cloud: Cloud) -> dict[str, str]:
    return {host["Hypervisor Hostname"]: host["State"] for host in cloud.asked("hypervisor", "list")}


def _answers() -> bool:
    """Whether the guest's web server answers this machine at the floating address."""
    connection = HTTPConnection(f"{SUBNET}.210", timeout=5)
    try:
        connection.request("GET", "/")
        return "i-0" in connection.getresponse().read().decode()
    except OSError:
        return False
    finally:
        connection.close()
