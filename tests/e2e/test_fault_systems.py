"""The system of a host in the middle of a push: wrong clocks, reboots, a systemd or dbus in trouble.

Each push completes, or the host returns to its old generation.
"""

from __future__ import annotations

import dataclasses
import subprocess

import pytest

from compiler.lab import LabNode
from compiler.lab.system import wait_until
from tests.support.bundles import CONFIG, run_once
from tests.support.nodes import Operator

pytestmark = [pytest.mark.lab, pytest.mark.backends]

# The command with a clock that is some hours wrong: nodes share the machine's clock.
WRONG_CLOCK = """
import runpy, sys, time
now, hours = time.time, float(sys.argv.pop(1))
time.time = lambda: now() + 3600 * hours
runpy.run_module("compiler", run_name="__main__", alter_sys=True)
"""
HELD = run_once("held", step=2, command="until [ -e /run/may-end ]; do sleep 0.1; done")
LET_END = ("touch", "/run/may-end")


@pytest.fixture
def changing(operator: Operator, node: LabNode) -> Operator:
    """An operator whose node has an old generation; step 2 of the new one ends when it may."""
    node.run(("rm", "-f", *LET_END[1:]))
    operator.writes(operator.container("one", config="old"))
    operator.push()
    operator.writes(operator.container("one", config="new"), HELD)
    return operator


@pytest.mark.parametrize("hours", ["1", "-1"])
def test_a_wrong_clock_on_either_side_stops_no_push(changing: Operator, node: LabNode, hours: str) -> None:
    node.run(LET_END)
    wrong = dataclasses.replace(changing, program=("-c", WRONG_CLOCK, hours))
    wrong.push()
    assert wrong.status()["heatsink-one.service"]["up"]
    assert f"{node.name}: generation 1" in wrong.heatsink("rollback", "--yes")
    assert "0 files, 0 restarts" not in wrong.push()


def test_a_host_that_is_rebooted_between_steps_returns(changing: Operator, node: LabNode) -> None:
    push = at_step_2(changing)
    node.reboot()
    assert push.communicate() and push.returncode == 1
    assert_on(changing, node, "old")
    node.run(LET_END)
    changing.push()
    assert_on(changing, node, "new")


def test_dbus_is_restarted_and_systemd_reexecuted_in_the_middle(changing: Operator, node: LabNode) -> None:
    push = at_step_2(changing)
    # Without logind, which loses its bus with dbus, logins take half a minute.
    node.run(("systemctl", "restart", "dbus.service", "systemd-logind.service"))
    node.run(("systemctl", "daemon-reexec"))
    node.run(LET_END)
    said = push.communicate()[0]
    assert push.returncode == 0, said
    assert_on(changing, node, "new")


def test_a_systemd_that_cannot_reload_brings_the_old_generation_back(
    changing: Operator, node: LabNode
) -> None:
    before = node.run(("stat", "-f", "-c", "%b", "/run"))
    node.run(("mount", "-o", "remount,size=12m", "/run"))  # systemd reloads only with 16 MB
    try:
        said = changing.push("--confirm-timeout", "10", code=1)
    finally:
        node.run(("mount", "-o", f"remount,size={4 * int(before)}k", "/run"))
    assert f"error: {node.name}: `systemctl daemon-reload` failed" in said
    assert "not enough space available on /run/systemd" in said
    assert wait_until(lambda: "pending" not in node.run(("ls", "/var/lib/heatsink")), seconds=60)
    assert_on(changing, node, "old")
    node.run(LET_END)
    changing.push()


def at_step_2(operator: Operator) -> subprocess.Popen[str]:
    """A push that has come to its second step."""
    push = operator.start("push-artifacts")
    assert push.stdout
    next(line for line in push.stdout if "step 2: starting" in line)
    return push


def assert_on(operator: Operator, node: LabNode, config: str) -> None:
    """The generation with this configuration is there, and up."""
    assert wait_until(lambda: "pending" not in node.run(("ls", "/var/lib/heatsink")), seconds=30)
    assert node.run(("cat", f"{CONFIG}/one/one.conf")) == config
    assert operator.status()["heatsink-one.service"]["up"]
    assert node.run((operator.backend.engine, "exec", "one", "cat", "/config/one.conf")) == config
