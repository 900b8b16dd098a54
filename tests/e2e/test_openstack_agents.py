"""A real OpenStack with Neutron's agents: DHCP, metadata and routers, which go on without them.

The tests go on from one another, as an operator's days do.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.support.cloud import FURTHER, Cloud, cloud_of, eventually

pytestmark = [pytest.mark.lab, pytest.mark.openstack]

AGENTS = ("neutron_dhcp_agent", "neutron_l3_agent")
PUBLIC = "203.0.113"  # the network of floating addresses, with the node as gateway


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    folder = tmp_path_factory.mktemp("site")
    with cloud_of(folder, {"AllInOne": 1}, *FURTHER, environments=("openstack-agents.yaml",)) as cloud:
        cloud.make_network()
        yield cloud


def test_every_agent_is_up_after_one_push(cloud: Cloud) -> None:
    cloud.operator.heatsink("status")
    agents = cloud.asked("network", "agent", "list")
    assert sorted((agent["Agent Type"], agent["Alive"]) for agent in agents) == [
        ("DHCP agent", True),
        ("L3 agent", True),
        ("Metadata agent", True),
        ("Open vSwitch agent", True),
    ]


def test_an_instance_gets_its_address_and_its_metadata(cloud: Cloud) -> None:
    cloud.boots("first", "--network", "private")
    assert cloud.knows_itself("first"), cloud.console("first")


def test_an_instance_answers_at_a_floating_address(cloud: Cloud) -> None:
    connect_to_public_network(cloud)
    cloud.make_public_network(PUBLIC)
    cloud.client("server", "add", "security", "group", "first", "web")
    floating = cloud.asked("floating", "ip", "create", "public")["floating_ip_address"]
    cloud.client("server", "add", "floating", "ip", "first", floating)
    assert eventually(lambda: answers(cloud))


def test_the_topology_agent_shows_who_is_attached(cloud: Cloud) -> None:
    url = f"http://{cloud.controller.address}:9180/"
    topology = json.loads(cloud.inside("kolla_toolbox", "curl", "--silent", url))
    [ports] = (bridge["ports"] for bridge in topology["bridges"] if bridge["name"] == "br-int")
    attached = {port["attached"].partition("-")[0] for port in ports if port["attached"]}
    assert attached == {"qdhcp", "qrouter"}


def test_an_instance_boots_while_the_agents_of_dhcp_and_routers_are_away(cloud: Cloud) -> None:
    before, boots = programs(cloud), cloud.console("first").count("GUEST-READY")
    for agent in AGENTS:
        cloud.controller.run(("systemctl", "stop", f"heatsink-{agent}"), seconds=180)
    assert answers(cloud)
    reset(cloud)
    assert eventually(lambda: cloud.console("first").count("GUEST-READY") > boots), cloud.console("first")
    assert programs(cloud) == before
    for agent in AGENTS:
        cloud.controller.run(("systemctl", "start", f"heatsink-{agent}"), seconds=180)


def test_a_program_that_ends_is_started_again_by_its_agent(cloud: Cloud) -> None:
    before = programs(cloud)
    cloud.controller.run(("systemctl", "kill", "--signal=SIGKILL", *before))
    assert eventually(lambda: kinds(programs(cloud) - before) == {"dnsmasq", "haproxy"})


def test_networks_are_back_after_the_switch_and_its_agent_start_anew(cloud: Cloud) -> None:
    for service in ("openvswitch_vswitchd", "neutron_openvswitch_agent"):
        cloud.controller.run(("systemctl", "restart", f"heatsink-{service}"), seconds=180)
    connect_to_public_network(cloud)
    assert eventually(lambda: answers(cloud))


def test_nothing_of_a_network_is_left_after_it(cloud: Cloud) -> None:
    cloud.client("server", "delete", "--wait", "first")
    cloud.client("router", "remove", "subnet", "router", "private")
    cloud.client("router", "delete", "router")
    cloud.client("network", "delete", "private")
    assert eventually(lambda: not programs(cloud))
    assert eventually(lambda: not cloud.controller.run(("ip", "netns")).strip())


def connect_to_public_network(cloud: Cloud) -> None:
    """The node's own address there, as a network card in br-ex would lead to; it leaves with the switch."""
    cloud.controller.run(("ip", "address", "replace", f"{PUBLIC}.1/24", "dev", "br-ex"))
    cloud.controller.run(("ip", "link", "set", "br-ex", "up"))


def answers(cloud: Cloud) -> bool:
    """Whether the guest's web server answers at its floating address."""
    [floating] = cloud.asked("floating", "ip", "list")
    url = f"http://{floating['Floating IP Address']}/"
    request = ("podman", "exec", "kolla_toolbox", "curl", "--silent", "--fail", "--max-time", "5", url)
    return cloud.controller.attempt(request).returncode == 0


def programs(cloud: Cloud) -> set[str]:
    """The units of what the agents have started."""
    listed = cloud.controller.run(("systemctl", "list-units", "--plain", "--no-legend", "neutron-*.service"))
    return {line.split()[0] for line in listed.splitlines()}


def kinds(units: set[str]) -> set[str]:
    return {unit.split("-")[1] for unit in units}


def reset(cloud: Cloud) -> None:
    """Boot the only guest again, as its reset button would, of which Nova and Neutron know nothing."""
    [guest] = cloud.inside("nova_libvirt", "virsh", "list", "--name").split()
    cloud.inside("nova_libvirt", "virsh", "reset", guest)
