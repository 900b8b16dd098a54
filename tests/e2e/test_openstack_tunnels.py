"""A real OpenStack with Neutron's agents on several hosts: tunnels between them, routers on one of their own.

The tests go on from one another, as an operator's days do.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from compiler.lab import LabNode
from tests.support.cloud import FURTHER, SUBNET, Cloud, answers_outside, cloud_of, eventually

pytestmark = [pytest.mark.lab, pytest.mark.openstack]

ROLES = {"Controller": 1, "Network": 1, "Compute": 2}
OF_COMPUTE_HOSTS = ("LogrotateCrond", "NovaMigrationTarget", "Rsyslog")


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    folder = tmp_path_factory.mktemp("site")
    environments = ("openstack-agents.yaml", "openstack-lab.yaml")
    without = (service for service in FURTHER if not service.endswith(OF_COMPUTE_HOSTS))
    with cloud_of(folder, ROLES, *without, environments=environments) as cloud:
        cloud.make_network()
        cloud.make_reachable_network()
        yield cloud


@pytest.fixture(scope="module")
def network(cloud: Cloud) -> LabNode:
    return cloud.operator.nodes[1]


@pytest.fixture(scope="module")
def computes(cloud: Cloud) -> tuple[LabNode, ...]:
    return tuple(cloud.operator.nodes[2:])


def test_every_agent_is_up_where_it_belongs(
    cloud: Cloud, network: LabNode, computes: tuple[LabNode, ...]
) -> None:
    cloud.operator.heatsink("status")
    agents = cloud.asked("network", "agent", "list")
    of_network = ("DHCP agent", "L3 agent", "Metadata agent", "Open vSwitch agent")
    assert sorted((agent["Host"], agent["Agent Type"], agent["Alive"]) for agent in agents) == [
        *((network.name, kind, True) for kind in of_network),
        *((compute.name, "Open vSwitch agent", True) for compute in computes),
    ]


def test_a_compute_host_has_ten_containers(computes: tuple[LabNode, ...]) -> None:
    for compute in computes:
        assert len(compute.run(("podman", "ps", "--quiet")).split()) == 9  # and logrotate when it is due
        assert "heatsink-logrotate.timer" in compute.run(("systemctl", "list-timers", "--no-pager"))


def test_instances_get_their_addresses_through_tunnels(cloud: Cloud, computes: tuple[LabNode, ...]) -> None:
    first, second = computes
    options = ("--network", "private", "--security-group", "web")
    cloud.boots("first", *options, "--availability-zone", f"nova:{first.name}")
    assert cloud.knows_itself("first"), cloud.console("first")
    cloud.boots_asking("second", "first", "--availability-zone", f"nova:{second.name}")
    assert cloud.knows_itself("second"), cloud.console("second")
    switch = first.run(("podman", "exec", "openvswitch_vswitchd", "ovs-vsctl", "show"))
    assert switch.count("type: vxlan") == 2


def test_routers_are_on_the_network_host(
    cloud: Cloud, network: LabNode, computes: tuple[LabNode, ...]
) -> None:
    assert "qrouter-" in network.run(("ip", "netns"))
    for other in (cloud.controller, *computes):
        assert "qrouter-" not in other.run(("ip", "netns"))


def test_a_floating_address_answers_outside(cloud: Cloud) -> None:
    cloud.client("floating", "ip", "create", "public", "--floating-ip-address", f"{SUBNET}.210")
    cloud.client("server", "add", "floating", "ip", "first", f"{SUBNET}.210")
    assert eventually(lambda: answers_outside(f"{SUBNET}.210"))


def test_everything_is_back_after_a_reboot_of_the_network_host(cloud: Cloud, network: LabNode) -> None:
    network.reboot()
    assert eventually(lambda: answers_outside(f"{SUBNET}.210"))
    assert eventually(cloud.is_up)


def test_nothing_is_left_of_what_is_deleted(cloud: Cloud, network: LabNode) -> None:
    cloud.client("server", "delete", "--wait", "first", "second")
    cloud.client("floating", "ip", "delete", f"{SUBNET}.210")
    cloud.client("router", "remove", "subnet", "router", "private")
    cloud.client("router", "delete", "router")
    cloud.client("network", "delete", "private", "public")
    assert cloud.asked("port", "list") == []
    assert eventually(lambda: not network.run(("ip", "netns")).strip())
