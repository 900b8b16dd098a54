"""A container with a schedule on a real host: its timer starts it again and again."""

from __future__ import annotations

import pytest

from compiler.lab import LabNode
from compiler.lab.system import wait_until
from compiler.model.container import Schedule, Volume
from tests.support.nodes import Operator

pytestmark = [pytest.mark.lab, pytest.mark.backends]

TIMER, SERVICE = "heatsink-tick.timer", "heatsink-tick.service"
SEEN = Volume(source="/root/seen", target="/seen")
TICKS, BROKEN = "/root/seen/ticks", "/root/seen/broken"


@pytest.fixture
def ticking(operator: Operator, node: LabNode) -> Operator:
    """A host with a container that runs every two seconds, and fails if there is a file."""
    node.run(("mkdir", "-p", "/root/seen"))
    node.run(("rm", "-f", TICKS, BROKEN))
    writes(operator, "echo tick >>/seen/ticks; [ ! -e /seen/broken ]")
    operator.push()
    return operator


def writes(operator: Operator, command: str) -> None:
    """Build a service, a container that runs a command every two seconds, and one that runs every year."""
    operator.writes(
        operator.container("web"),
        operator.container("rare", command="true", schedule=Schedule(calendar=("yearly",))),
        operator.container("tick", command=command, volumes=(SEEN,), schedule=Schedule(interval=2)),
    )


def ticks(node: LabNode) -> int:
    return node.run(("sh", "-c", f"cat {TICKS} 2>/dev/null || true")).count("tick")


def test_it_runs_again_and_again_until_it_leaves(ticking: Operator, node: LabNode) -> None:
    assert wait_until(lambda: ticks(node) >= 3, seconds=60)
    ticking.status(code=0)
    assert "stamp-heatsink-rare.timer" in node.run(("ls", "/var/lib/systemd/timers"))
    ticking.writes(ticking.container("web"))
    ticking.push("--yes")
    before = ticks(node)
    assert "heatsink" not in node.run(("ls", "/var/lib/systemd/timers"))
    assert not wait_until(lambda: ticks(node) > before, seconds=5)


def test_a_run_that_has_failed_is_named_until_another_one_succeeds(ticking: Operator, node: LabNode) -> None:
    node.run(("touch", BROKEN))
    assert wait_until(lambda: ticking.status()[SERVICE]["state"].startswith("failed"), seconds=60)
    assert ticking.status()[TIMER]["up"]
    node.run(("rm", BROKEN))
    assert wait_until(lambda: ticking.status()[SERVICE]["state"] == "ended", seconds=60)


def test_another_command_runs_at_the_next_time(ticking: Operator, node: LabNode) -> None:
    writes(ticking, "echo tock >>/seen/ticks")
    (change,) = ticking.dry_run()["units"]
    assert (change["unit"], change["action"]) == (TIMER, "restart")
    ticking.push()
    assert wait_until(lambda: "tock" in node.run(("cat", TICKS)), seconds=60)
