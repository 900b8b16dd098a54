"""Several who change one host at once: one of them does, the other is refused, and nothing is mixed."""

from __future__ import annotations

import pytest

from compiler.lab import LabNode
from compiler.lab.system import wait_until
from tests.support.bundles import CONFIG, service
from tests.support.nodes import Operator

pytestmark = [pytest.mark.lab, pytest.mark.backends]

# It stops when it may.
HELD = 'trap "until [ -e /run/may-stop ]; do sleep 0.1; done; exit" TERM; sleep infinity & wait'
SLOW = service("slow", command=HELD)


@pytest.fixture
def changing(operator: Operator, node: LabNode) -> Operator:
    """An operator whose node has two generations, and a unit that does not stop."""
    node.run(("rm", "-f", "/run/may-stop"))
    operator.writes(operator.container("one", config="old"))
    operator.push()
    operator.writes(operator.container("one", config="new"), SLOW)
    operator.push()
    return operator


@pytest.mark.parametrize(
    ("first", "is_new"), [("push-artifacts", True), ("rollback", False), ("remove", None)]
)
def test_a_push_is_refused_while_another_command_changes_the_host(
    changing: Operator, node: LabNode, first: str, is_new: bool | None
) -> None:
    if is_new:
        changing.writes(changing.container("one", config="new"))
    chosen = ("--host", node.name) if first == "remove" else ()
    running = changing.start(first, *chosen, "--yes")
    assert wait_until(lambda: is_stopping(node), seconds=30)
    changing.writes(changing.container("one", config="third"))
    said = changing.push("--yes", code=1)
    node.run(("touch", "/run/may-stop"))
    assert f"{node.name}: another command is changing this host: root on" in said
    told = running.communicate()[0]
    assert running.returncode == 0, told
    has = node.attempt(("cat", f"{CONFIG}/one/one.conf")).stdout
    assert has == {True: "new", False: "old", None: ""}[is_new]
    changing.push("--yes")
    assert node.run((changing.backend.engine, "exec", "one", "cat", "/config/one.conf")) == "third"


def test_two_pushes_at_the_same_moment_leave_each_host_with_one_of_them(
    fleet: Operator, nodes: tuple[LabNode, ...]
) -> None:
    both = []
    for config in ("left", "right"):
        fleet.writes(*(fleet.container(name, config=config) for name in ("one", "two")))
        (fleet.folder / "build").rename(fleet.folder / config)
        both.append(fleet.start("push-artifacts", "--build", config))
    told = [push.communicate()[0] for push in both]
    assert {push.returncode for push in both} <= {0, 1}  # the second waits for the first, or is refused
    for node in nodes:
        has = node.attempt(("sh", "-c", f"cat {CONFIG}/*/*.conf")).stdout
        assert has in ("leftleft", "rightright"), told
    fleet.push("--build", "right")


def is_stopping(node: LabNode) -> bool:
    state = ("systemctl", "show", "--property=ActiveState", "--value", "heatsink-slow.service")
    return node.run(state).strip() == "deactivating"
