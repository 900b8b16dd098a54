"""What `heatsink status` says of real hosts: it is green only if all is well."""

from __future__ import annotations

import dataclasses

import pytest

from compiler.lab import LabNode
from compiler.lab.system import wait_until
from compiler.model.artifact import Artifacts
from compiler.model.container import Healthcheck, Volume
from tests.support.bundles import run_once, service
from tests.support.nodes import Operator

pytestmark = pytest.mark.lab

WEB = "heatsink-web.service"
SEEN = Volume(source="/root/seen", target="/seen")
SICK = "/root/seen/sick"  # while it is there the check fails
SLOW = run_once("slow", step=2, command="sleep 20")


def left_alone(container: Artifacts) -> Artifacts:
    """A container that stays as it is when it is unhealthy."""
    files = (
        dataclasses.replace(file, content=file.content.replace(b"--health-on-failure=kill", b""))
        for file in container.files
    )
    return dataclasses.replace(container, files=tuple(files))


def test_a_container_is_up_while_it_is_healthy(operator: Operator, node: LabNode) -> None:
    node.run(("mkdir", "-p", "/root/seen"))
    check = Healthcheck(test="[ ! -e /seen/sick ]", interval=1, timeout=5, retries=20)
    operator.writes(left_alone(operator.container("web", healthcheck=check, volumes=(SEEN,))))
    operator.push()
    assert operator.status(code=0)[WEB]["up"]
    node.run(("touch", SICK))
    node.run(("systemctl", "restart", WEB))
    assert wait_until(lambda: operator.status(code=1)[WEB]["health"] == "starting", seconds=10)
    assert wait_until(lambda: operator.status(code=1)[WEB]["health"] == "unhealthy", seconds=60)
    assert operator.status(code=1)[WEB]["why"].startswith("health check failing (")
    node.run(("rm", SICK))
    assert wait_until(lambda: operator.status()[WEB]["up"], seconds=30)
    operator.status(code=0)


def test_a_container_that_somebody_has_removed_is_not_up(operator: Operator, node: LabNode) -> None:
    operator.writes(operator.container("web"))
    operator.push()
    node.run(("podman", "rm", "--force", "--time", "0", "web"))
    assert not operator.status(code=1)[WEB]["up"]


def test_a_service_that_is_killed_from_time_to_time_is_not_up(operator: Operator, node: LabNode) -> None:
    operator.writes(service("one", restart="always"))
    operator.push()
    assert operator.status(code=0)["heatsink-one.service"]["up"]
    node.run(("systemctl", "kill", "heatsink-one.service"))
    assert wait_until(lambda: operator.status()["heatsink-one.service"]["restarts"] == 1, seconds=10)
    assert operator.status(code=1)["heatsink-one.service"]["why"].startswith("restarted 1 time by systemd")


def test_a_push_that_is_not_confirmed_yet_is_named(operator: Operator) -> None:
    operator.writes(service("one"))
    operator.push()
    operator.writes(service("one"), SLOW)
    push = operator.start("push-artifacts")
    assert push.stdout
    assert any("step 2: starting" in line for line in push.stdout)
    (host,) = operator.hosts(code=1)
    assert host["pending"].startswith("push by root on ")
    assert push.communicate() and push.returncode == 0
    operator.status(code=0)


def test_a_file_that_was_edited_by_hand_is_named(operator: Operator, node: LabNode) -> None:
    operator.writes(service("one", config="a"))
    operator.push()
    config = "/var/lib/config-data/one/one.conf"
    node.run(("sh", "-c", f"echo by hand >>{config}"))
    (host,) = operator.hosts(code=1)
    assert (host["state"], host["changed"]) == ("down", [config])


def test_a_node_that_is_switched_off_is_a_row(fleet: Operator, nodes: tuple[LabNode, ...]) -> None:
    fleet.writes(service("one"))
    fleet.push()
    nodes[1].crash()
    states = {host["host"]: host["state"] for host in fleet.hosts(code=1)}
    nodes[1].boot()
    nodes[1].wait()
    assert states == {"node1": "up", "node2": "unreachable"}
