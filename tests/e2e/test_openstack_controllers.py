"""A real OpenStack with its APIs on two controllers and one database.

The tests go on from one another, as an operator's days do.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.client import HTTPConnection

import pytest
import yaml

from compiler.lab import LabNode
from compiler.shipped import folder as shipped
from tests.support.cloud import FURTHER, Cloud, cloud_of

pytestmark = [pytest.mark.lab, pytest.mark.openstack]

KEYSTONE = 15000  # where it listens itself, behind HAProxy
PERIOD = 86400  # seconds: KeystoneFernetPeriod


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    folder = tmp_path_factory.mktemp("site")
    roles = {"Controller": 2, "Compute": 1}
    environments = ("openstack-gateways.yaml", "openstack-lab.yaml")
    with cloud_of(folder, roles, *FURTHER, environments=environments) as cloud:
        cloud.make_network()
        yield cloud


@pytest.fixture(scope="module")
def controllers(cloud: Cloud) -> tuple[LabNode, ...]:
    return tuple(cloud.operator.nodes[:2])


def test_the_services_of_all_hosts_are_up(cloud: Cloud, controllers: tuple[LabNode, ...]) -> None:
    cloud.operator.heatsink("status")
    schedulers = cloud.asked("compute", "service", "list", "--service", "nova-scheduler")
    assert {row["Host"]: row["State"] for row in schedulers} == {node.name: "up" for node in controllers}


def test_a_token_of_either_keystone_is_good_at_the_other(
    cloud: Cloud, controllers: tuple[LabNode, ...]
) -> None:
    first, second = controllers
    assert is_good(token(cloud, first), second)
    assert is_good(token(cloud, second), first)


def test_tokens_outlive_a_rotation(cloud: Cloud, controllers: tuple[LabNode, ...]) -> None:
    first, second = controllers
    before = token(cloud, first)
    rotate(first)  # its timer may be the first to notice the next period
    ahead = token(cloud, first)
    assert keys(first) != keys(second)
    for word in (before, ahead, token(cloud, second)):
        assert is_good(word, first)
        assert is_good(word, second)
    rotate(second)
    assert keys(first) == keys(second)
    for word in (before, ahead, token(cloud, second)):
        assert is_good(word, first)
        assert is_good(word, second)


def test_a_host_rotates_by_itself(controllers: tuple[LabNode, ...]) -> None:
    rotated = keys(controllers[0])
    for controller in controllers:
        assert "heatsink-keystone_keys_rotation.timer" in controller.run(("systemctl", "list-timers"))
        controller.run(("systemctl", "start", "heatsink-keystone_keys_rotation"))
    assert keys(controllers[0]) == keys(controllers[1]) != rotated


def test_an_instance_gets_its_address_and_its_metadata(cloud: Cloud) -> None:
    cloud.boots("first", "--network", "private")
    assert cloud.knows_itself("first"), cloud.console("first")


def test_requests_go_on_while_the_apis_of_a_controller_are_away(
    cloud: Cloud, controllers: tuple[LabNode, ...]
) -> None:
    units = tuple(f"heatsink-{service}" for service in ("keystone", "nova_api", "placement_api"))
    controllers[1].run(("systemctl", "stop", *units), seconds=180)
    assert cloud.status("first") == "ACTIVE"
    controllers[1].run(("systemctl", "start", *units), seconds=180)
    controllers[0].run(("systemctl", "stop", *units), seconds=180)
    assert cloud.status("first") == "ACTIVE"
    controllers[0].run(("systemctl", "start", *units), seconds=180)


def asked(controller: LabNode, method: str, body: str = "", **headers: str) -> tuple[int, str]:
    """The answer of a controller's own Keystone about tokens: its status, and the token in it."""
    connection = HTTPConnection(controller.address, KEYSTONE, timeout=60)
    try:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, "/v3/auth/tokens", body, {"Content-Type": "application/json", **names})
        answer = connection.getresponse()
        answer.read()
        return answer.status, answer.headers.get("X-Subject-Token", "")
    finally:
        connection.close()


def token(cloud: Cloud, controller: LabNode) -> str:
    """A new token of the administrator's, from one controller."""
    admin = yaml.safe_load(cloud.output("clouds.yaml"))["clouds"]["admin"]["auth"]
    user = {"name": "admin", "domain": {"name": "Default"}, "password": admin["password"]}
    identity = {"methods": ["password"], "password": {"user": user}}
    status, word = asked(controller, "POST", json.dumps({"auth": {"identity": identity}}))
    assert status == 201
    return word


def is_good(word: str, controller: LabNode) -> bool:
    """Whether a controller's Keystone accepts a token."""
    status, _ = asked(controller, "GET", X_Auth_Token=word, X_Subject_Token=word)
    return status == 200


def keys(controller: LabNode) -> str:
    """The keys of tokens on a controller, by their digests."""
    return controller.run(("podman", "exec", "keystone", "sh", "-c", "sha256sum /etc/keystone/fernet-keys/*"))


def rotate(controller: LabNode) -> None:
    """Derive the keys of the next period, as if its time had come."""
    settings = ("--env-file", "/var/lib/heatsink/env/keystone_keys_rotation.env")
    program = (shipped("templates") / "keystone/derive-keys.py").read_text()
    later = f"import time\nnow = time.time\ntime.time = lambda: now() + {PERIOD}\n"
    controller.run(
        ("podman", "exec", "--interactive", "--user=keystone", *settings, "keystone", "python3", "-"),
        stdin=later + program,
    )
