"""Days of an operator with a whole OpenStack on one node: what its users have, changes, a power cut, the end.

The tests go on from one another.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from http.cookiejar import CookieJar
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, build_opener, urlopen

import pytest
import yaml

from compiler.shipped import folder as shipped
from tests.support.cloud import Cloud, cloud_of, eventually, guests_of

pytestmark = [pytest.mark.lab, pytest.mark.openstack]

STACK = """\
heat_template_version: wallaby
resources:
  Network: {type: OS::Neutron::Net}
  Subnet:
    type: OS::Neutron::Subnet
    properties: {network: {get_resource: Network}, cidr: 10.78.0.0/24}
  Server:
    type: OS::Nova::Server
    depends_on: Subnet
    properties: {flavor: tiny, image: guest, networks: [{network: {get_resource: Network}}]}
outputs:
  address: {value: {get_attr: [Server, first_address]}}
"""
# A tree beside the library's: a page, in an image of its own, that says where Keystone is.
OWN = {
    "own.yaml": "resource_registry: {Own::Services::StatusPage: templates/own/status-page.yaml}\n",
    "images/status-page/Dockerfile.j2": """\
{% from "macros.j2" import install_packages %}
FROM {{ parent("base") }}
{{ install_packages(["python3"]) }}
""",
    "templates/own/status-page.yaml": """\
heat_template_version: wallaby
resources:
  Keystone: {type: ../keystone/keystone-endpoint.yaml}
  Page:
    type: ../container.yaml
    properties:
      Name: status_page
      Step: 5
      Command: python3 -m http.server --directory /srv/page 18099
      Files:
        srv/page/index.html:
          text:
            str_replace:
              template: "HOST:PORT\\n"
              params:
                HOST: {get_attr: [Keystone, endpoint, host]}
                PORT: {get_attr: [Keystone, endpoint, port]}
      Container:
        image: status-page
        restart: always
        healthcheck: {test: healthcheck_listen python3 18099}
outputs:
  role_data:
    value:
      service_name: status_page
      host_ports: [18099]
      parts: [{get_attr: [Page, role_data]}]
""",
}


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    folder = tmp_path_factory.mktemp("site")
    with cloud_of(folder, {"AllInOne": 1}, NovaResumeGuestsStateOnHostBoot=True) as cloud:
        cloud.make_network()
        cloud.boots("first", "--network", "private")
        yield cloud


# What users of the cloud have.


def test_a_volume_keeps_what_a_guest_has_written(cloud: Cloud) -> None:
    cloud.client("volume", "create", "--size", "1", "data")
    assert eventually(lambda: cloud.status("data", "volume") == "available")
    cloud.client("server", "add", "volume", "first", "data")
    assert eventually(lambda: "GUEST-VOLUME ok empty" in cloud.console("first")), cloud.console("first")
    cloud.client("server", "remove", "volume", "first", "data")
    assert eventually(lambda: cloud.status("data", "volume") == "available")
    cloud.client(
        "server", "create", "--wait", "--flavor", "tiny", "--image", "guest", "--network", "private", "second"
    )
    cloud.client("server", "add", "volume", "second", "data")
    assert eventually(lambda: "GUEST-VOLUME ok written-by-i-00000001" in cloud.console("second")), (
        cloud.console("second")
    )
    cloud.client("server", "delete", "--wait", "second")
    cloud.client("volume", "delete", "data")


def test_a_stack_of_heat_has_a_network_and_a_server(cloud: Cloud) -> None:
    cloud.write("/tmp/stack.yaml", STACK)
    cloud.client("stack", "create", "--wait", "--template", "/tmp/stack.yaml", "stack", seconds=300)
    [output] = cloud.asked("stack", "output", "list", "stack")
    assert output["output_key"] == "address"
    address = cloud.client("stack", "output", "show", "stack", "address", "-f", "value", "-c", "output_value")
    assert address.startswith("10.78.0.")
    cloud.client("stack", "delete", "--yes", "--wait", "stack", seconds=300)


def test_the_dashboard_lets_the_administrator_in(cloud: Cloud) -> None:
    dashboard = cloud.output("dashboard")
    clouds = yaml.safe_load(cloud.output("clouds.yaml"))
    [password] = {entry["auth"]["password"] for entry in clouds["clouds"].values()}
    browser = build_opener(HTTPCookieProcessor(CookieJar()))
    page = browser.open(f"{dashboard}/auth/login/").read().decode()
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page))
    form = {**hidden, "username": "admin", "password": password}
    browser.open(f"{dashboard}/auth/login/", urlencode(form).encode()).read()
    assert "first" in browser.open(f"{dashboard}/project/instances/").read().decode()


def test_a_guest_has_a_page_with_its_console(cloud: Cloud) -> None:
    page = cloud.asked("console", "url", "show", "--novnc", "first")["url"]
    assert "noVNC" in urlopen(page).read().decode()


# What the operator does.


def test_an_option_restarts_its_service_alone(cloud: Cloud) -> None:
    guests, before = guests_of(cloud.controller), runs(cloud)
    push(cloud, NovaReservedHostMemory=64)
    assert changed(before, runs(cloud)) == {"heatsink-nova_compute.service"}
    assert "reserved_host_memory_mb = 64" in nova_conf(cloud)
    assert guests_of(cloud.controller) == guests


def test_a_rollback_takes_the_option_back(cloud: Cloud) -> None:
    guests, before = guests_of(cloud.controller), runs(cloud)
    cloud.operator.heatsink("rollback", "--yes")
    assert changed(before, runs(cloud)) == {"heatsink-nova_compute.service"}
    assert "reserved_host_memory_mb = 0" in nova_conf(cloud)
    assert guests_of(cloud.controller) == guests
    push(cloud, NovaReservedHostMemory=0)


def test_a_rotated_password_is_that_of_the_service_everywhere(cloud: Cloud) -> None:
    before = runs(cloud)
    cloud.operator.heatsink("secrets", "rotate", "GlancePassword")
    cloud.operator.heatsink("push-artifacts")
    restarted = changed(before, runs(cloud))
    assert all(unit.startswith("heatsink-glance_") for unit in restarted), restarted
    assert [image["Name"] for image in cloud.asked("image", "list")] == ["guest"]


def test_a_service_leaves_and_comes_back(cloud: Cloud) -> None:
    horizon = "heatsink-horizon.service"
    push(cloud, "OS::TripleO::Services::Horizon")
    assert horizon not in runs(cloud)
    push(cloud)
    assert horizon in runs(cloud)


def test_a_service_of_an_own_tree_comes_and_leaves(cloud: Cloud) -> None:
    before = runs(cloud)
    for name, text in OWN.items():
        path = cloud.operator.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    services = yaml.safe_load((shipped("roles") / "AllInOne.yaml").read_text())["ServicesDefault"]
    more = replace(cloud, environments=(*cloud.environments, "own.yaml"))
    more.change(AllInOneServices=[*services, "Own::Services::StatusPage"])
    more.build()
    push(more)
    assert changed(before, runs(cloud)) == {"heatsink-status_page.service"}
    with urlopen(f"http://{cloud.controller.address}:18099/", timeout=10) as page:
        assert page.read().decode() == f"{cloud.controller.address}:5000\n"
    push(cloud, AllInOneServices=services)
    assert runs(cloud) == before


def test_all_is_back_after_a_power_cut(cloud: Cloud) -> None:
    cloud.controller.crash()
    cloud.controller.boot()
    cloud.controller.settle(seconds=600)
    assert eventually(cloud.is_up, seconds=600)
    assert eventually(lambda: cloud.status("first") == "ACTIVE"), cloud.client("server", "show", "first")
    assert eventually(lambda: "GUEST-READY" in cloud.console("first")), cloud.console("first")
    assert eventually(lambda: all(agent["Alive"] for agent in cloud.asked("network", "agent", "list")))


def test_nothing_is_left_after_the_end(cloud: Cloud) -> None:
    cloud.client("server", "delete", "--wait", "first")
    cloud.operator.heatsink("destroy", "--volumes", "--yes")
    node = cloud.controller
    assert node.run(("podman", "ps", "--all", "--quiet")) == ""
    assert node.run(("podman", "volume", "ls", "--quiet")) == ""
    assert node.run(("ip", "netns")) == ""
    assert (
        node.run(("sh", "-c", "ls -d /etc/systemd/system/heatsink* /var/lib/config-data 2>/dev/null; true"))
        == ""
    )


def push(cloud: Cloud, *without: str, **parameters: object) -> None:
    """Change parameters of the site, or the services that it is without, and push."""
    cloud.change(*without, **parameters)
    cloud.operator.heatsink("push-artifacts", "--yes")


def runs(cloud: Cloud) -> dict[str, str]:
    """Unit → the id of its run, of all containers that are up."""
    said = cloud.controller.run(
        ("systemctl", "show", "--property=Id,InvocationID,ActiveState", "heatsink-*.service")
    )
    units = (dict(line.split("=", 1) for line in block.splitlines()) for block in said.split("\n\n"))
    return {unit["Id"]: unit["InvocationID"] for unit in units if unit["ActiveState"] == "active"}


def changed(before: dict[str, str], after: dict[str, str]) -> set[str]:
    """The units that run anew, no more, or for the first time."""
    return {unit for unit in before.keys() | after.keys() if before.get(unit) != after.get(unit)}


def nova_conf(cloud: Cloud) -> str:
    """The settings that nova_compute runs with."""
    return cloud.inside("nova_compute", "cat", "/etc/nova/nova.conf")
