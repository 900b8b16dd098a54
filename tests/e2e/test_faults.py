"""What must hold when a change is interrupted: the host is on one generation, whole, by itself."""

from __future__ import annotations

import random
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from compiler.host.layout import PROGRAM
from compiler.lab import LabNode
from compiler.lab.system import wait_until
from tests.support.bundles import run_once, service
from tests.support.footprint import footprint
from tests.support.nodes import Operator
from tests.support.traffic import slow

pytestmark = [pytest.mark.lab, pytest.mark.backends]

SLOW = run_once("slow", step=2, command="sleep 20")
# A command that a trap starts may still get the signal that set it off, as systemd sends it to all processes
# of a unit: until it has worked, it is tried again.
WAITS = 'trap "until {}; do :; done" TERM; {}; sleep infinity & wait'
# While it runs nobody can log in; open connections stay.
LOCKS_OUT = service(
    "locks-out", step=2, command=WAITS.format("systemctl start ssh", "systemctl stop ssh.socket ssh.service")
)


@pytest.fixture
def changing(operator: Operator) -> Operator:
    """An operator whose node has an old generation, and a slow change to push."""
    operator.writes(operator.container("one", config="old"))
    operator.push()
    operator.writes(operator.container("one", config="new"), SLOW)
    return operator


def test_a_host_that_loses_its_power_boots_the_old_generation(changing: Operator, node: LabNode) -> None:
    interrupted(changing, node.crash)
    node.boot()
    node.settle()
    assert_on_old(changing, node)


def test_a_power_cut_leaves_no_container_of_the_new_generation(changing: Operator, node: LabNode) -> None:
    changing.writes(changing.container("one", config="new"), changing.container("two"), SLOW)
    interrupted(changing, node.crash)
    node.boot()
    node.settle()
    containers = (changing.backend.engine, "ps", "--all", "--format", "{{.Names}}")
    assert wait_until(lambda: node.run(containers) == "one\n", seconds=30)
    assert_on_old(changing, node)


def test_a_host_whose_cable_is_cut_returns_by_itself(changing: Operator, node: LabNode) -> None:
    interrupted(changing, node.cut, "--confirm-timeout", "10")
    time.sleep(50)  # half a minute until the pusher is given up, ten seconds for the timer
    node.heal()
    assert_on_old(changing, node)


def test_a_host_whose_pusher_is_gone_for_good_returns_by_itself(changing: Operator, node: LabNode) -> None:
    interrupted(changing, lambda: None, "--confirm-timeout", "10")
    assert wait_until(lambda: config(node) == "old", seconds=60)
    assert_on_old(changing, node)


def test_a_bundle_that_locks_everybody_out_is_undone(changing: Operator, node: LabNode) -> None:
    changing.writes(changing.container("one", config="new"), LOCKS_OUT)
    said = changing.push("--confirm-timeout", "10", code=1)
    assert f"{node.name}: the change was not confirmed" in said
    assert "the host has returned to generation 1" in said
    assert_on_old(changing, node)


def test_a_bundle_that_removes_the_address_of_its_host_is_undone(changing: Operator, node: LabNode) -> None:
    address = f"{node.address}/24 dev host0"
    command = WAITS.format(f"ip addr replace {address}", f"ip addr del {address}")
    changing.writes(changing.container("one", config="new"), service("lost", step=2, command=command))
    changing.push("--confirm-timeout", "10", code=1)
    assert wait_until(lambda: config(node) == "old", seconds=90)
    assert_on_old(changing, node)


def test_a_connection_that_is_cut_in_mid_upload_changes_nothing(changing: Operator, node: LabNode) -> None:
    changing.writes(changing.container("one", config=random.randbytes(1 << 20).hex()))
    before = footprint(node)
    with slow(node, 1000):  # the upload takes ten seconds
        push = changing.start("push-artifacts")
        assert wait_until(lambda: file(node, "/var/lib/heatsink/lock").read_text() != "", seconds=30)
        time.sleep(1)
        node.cut()
        kill(push)
    node.heal()
    assert footprint(node) == before
    changing.push()


def test_a_host_program_that_is_cut_in_mid_upload_is_sent_again(changing: Operator, node: LabNode) -> None:
    node.run(("rm", PROGRAM))
    with slow(node, 100):  # the upload takes some seconds
        push = changing.start("push-artifacts")
        assert wait_until(lambda: any(file(node, PROGRAM).parent.glob("host.[0-9]*")), seconds=30)
        node.cut()
        kill(push)
        assert not file(node, PROGRAM).exists()
    node.heal()
    changing.push()
    assert not any(file(node, PROGRAM).parent.glob("host.[0-9]*"))


def test_power_that_is_lost_while_the_host_returns_changes_nothing_about_that(
    operator: Operator, node: LabNode
) -> None:
    stops_slowly = service("two", command='trap "sleep 5; exit" TERM; sleep infinity & wait')
    fails = run_once("fails", step=2, command="sleep 1; false")
    operator.writes(operator.container("one", config="old"))
    operator.push()
    operator.writes(operator.container("one", config="new"), stops_slowly, fails)
    push = operator.start("push-artifacts")
    assert push.stdout
    next(line for line in push.stdout if "returning to generation 1" in line)
    time.sleep(1)
    node.crash()
    kill(push)
    node.boot()
    node.settle()
    assert_on_old(operator, node)


def interrupted(operator: Operator, act: Callable[[], object], *arguments: str) -> None:
    """Start a push, do something to its node in the middle of it, and kill the pusher."""
    push = operator.start("push-artifacts", *arguments)
    assert push.stdout
    for line in push.stdout:
        if "step 2: starting" in line:
            break
    act()
    kill(push)


def kill(push: subprocess.Popen[str]) -> None:
    push.kill()
    push.communicate()


def assert_on_old(operator: Operator, node: LabNode) -> None:
    """The old generation is there and up; the next push works."""
    assert wait_until(lambda: config(node) == "old", seconds=30)
    assert wait_until(lambda: is_settled(node), seconds=30)
    assert set(operator.status()) == {"heatsink-one.service"}
    assert running(operator, node) == "old"
    operator.writes(operator.container("one", config="new"))
    operator.push()
    assert running(operator, node) == "new"


def file(node: LabNode, path: str) -> Path:
    """A file of a node, from outside."""
    return node.root / path.lstrip("/")


def config(node: LabNode) -> str:
    """The configuration of the service; "" while nobody can log in."""
    return node.attempt(("cat", "/var/lib/config-data/one/one.conf")).stdout


def running(operator: Operator, node: LabNode) -> str:
    """The configuration that the container reads."""
    return node.run((operator.backend.engine, "exec", "one", "cat", "/config/one.conf"))


def is_settled(node: LabNode) -> bool:
    return "pending" not in node.run(("ls", "/var/lib/heatsink"))
