"""A real OpenStack on a node: the library's services in one push, and an instance that boots.

With --openstack on each backend, else with podman's units.

The tests go on from one another, as an operator's days do.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from compiler.lab.base import Engine
from compiler.model.container import Backend
from tests.support.cloud import FURTHER, Cloud, cloud_of, eventually, guests_of

pytestmark = pytest.mark.lab


LONG = pytest.mark.openstack
BACKENDS = ("podman", pytest.param("quadlet", marks=LONG), pytest.param("docker", marks=LONG))


@pytest.fixture(scope="module", params=BACKENDS)
def cloud(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    backend: Backend = request.param
    environments = () if backend == "podman" else (f"{backend}.yaml",)
    engine: Engine = "docker" if backend == "docker" else "podman"
    folder = tmp_path_factory.mktemp("site")
    with cloud_of(folder, {"AllInOne": 1}, *FURTHER, environments=environments, engine=engine) as cloud:
        cloud.make_network()
        yield cloud


def test_every_service_is_up_after_one_push(cloud: Cloud) -> None:
    cloud.operator.heatsink("status")
    services = cloud.asked("compute", "service", "list")
    assert {service["Binary"]: service["State"] for service in services} == dict.fromkeys(
        ("nova-compute", "nova-conductor", "nova-scheduler"), "up"
    )
    agents = cloud.asked("network", "agent", "list")
    assert sorted((agent["Agent Type"], agent["Alive"]) for agent in agents) == [
        ("OVN Controller Gateway agent", True),
        ("OVN Metadata agent", True),
    ]


def test_an_instance_gets_its_address_and_its_metadata(cloud: Cloud) -> None:
    cloud.boots("first", "--network", "private")
    assert cloud.knows_itself("first"), cloud.console("first")


def test_a_request_waits_for_its_service(cloud: Cloud) -> None:
    cloud.controller.run(("systemctl", "stop", "heatsink-keystone"))
    timer = ("systemd-run", "--on-active=8", "--timer-property=AccuracySec=100ms")
    cloud.controller.run((*timer, "systemctl", "start", "heatsink-keystone"))
    assert "gAAAA" in cloud.client("token", "issue")


def test_the_hosts_own_tools_show_what_the_containers_made(cloud: Cloud) -> None:
    assert "ovnmeta-" in cloud.controller.run(("ip", "netns"))
    switch = cloud.inside("openvswitch_vswitchd", "ovs-vsctl", "show")
    assert "datapath_type: netdev" in switch


def test_an_instance_lives_on_while_what_runs_it_starts_anew(cloud: Cloud) -> None:
    assert (before := guests_of(cloud.controller))
    for service in (
        "nova_libvirt",
        "nova_compute",
        "openvswitch_db",
        "openvswitch_vswitchd",
        "ovn_controller",
    ):
        cloud.controller.run(("systemctl", "restart", f"heatsink-{service}"), seconds=180)
    assert guests_of(cloud.controller) == before
    assert "running" in cloud.inside("nova_libvirt", "virsh", "list")
    assert cloud.status("first") == "ACTIVE"


def test_an_instance_lives_on_while_libvirt_comes_back_from_a_crash(cloud: Cloud) -> None:
    assert (before := guests_of(cloud.controller))
    cloud.controller.run(("pkill", "--signal=KILL", "--exact", "libvirtd"))
    assert eventually(lambda: virsh_answers(cloud))
    assert guests_of(cloud.controller) == before


def test_nothing_of_an_instance_is_left_after_it(cloud: Cloud) -> None:
    cloud.client("server", "delete", "--wait", "first")
    assert not guests_of(cloud.controller)
    assert eventually(lambda: "ovnmeta-" not in cloud.controller.run(("ip", "netns")))
    left = cloud.controller.run(("ls", "/var/lib/nova/instances")).split()
    assert set(left) <= {"_base", "compute_nodes", "locks"}


def virsh_answers(cloud: Cloud) -> bool:
    command = (cloud.controller.engine, "exec", "nova_libvirt", "virsh", "list")
    return "running" in cloud.controller.attempt(command).stdout
