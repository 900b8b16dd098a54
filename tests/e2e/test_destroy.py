"""A fleet that is taken down leaves real hosts as they were."""

from __future__ import annotations

import pytest

from compiler.lab import LabNode
from compiler.model.artifact import Artifacts
from compiler.model.container import Container, Kind, Restart, Volume
from compiler.stages.emit.podman import container_unit
from tests.support.images import make_image
from tests.support.nodes import Operator

pytestmark = pytest.mark.lab

IMAGE = "localhost/destroy:1"
OWN = f"""
podman volume create own
podman run --detach --name own --volume own:/own {IMAGE} sleep 1000
"""
CLEAR = "podman rm --force --time 0 own; podman volume rm --all --force"


def container(name: str, step: int = 1, *volumes: str, grace: int = 0) -> Artifacts:
    """A container that ends only when it is killed, after so many seconds."""
    return container_unit(
        Container(
            name=name,
            service=name,
            kind=Kind.SERVICE,
            step=step,
            image=IMAGE,
            command=("sleep", "1000"),
            stop_grace_period=grace,
            volumes=tuple(Volume(source=volume, target=f"/{volume}") for volume in volumes),
            restart=Restart.ALWAYS,
        )
    )


@pytest.fixture
def node(node: LabNode) -> LabNode:
    """A node with a container, a volume and an image of the operator's."""
    node.attempt(("sh", "-c", CLEAR))
    make_image(node, IMAGE)
    node.run(("sh", "-c", OWN))
    return node


def engine_of(node: LabNode) -> list[str]:
    """What the engine has: running containers, volumes and images."""
    commands = ("ps --format={{.Names}}", "volume ls --format={{.Name}}", "images --format={{.Repository}}")
    return node.run(("sh", "-c", "; ".join(f"podman {command}" for command in commands))).split()


def traces(node: LabNode) -> str:
    """Files and units of heatsink's."""
    places = "/etc /var/lib /usr/local /run/systemd"
    units = "systemctl list-units --all --plain --no-legend 'heatsink*'"
    return node.run(
        ("sh", "-c", f"find {places} -name '*heatsink*'; {units}; grep heatsink /etc/hosts || true")
    )


def test_nothing_of_heatsink_is_left_and_nothing_else_is_touched(operator: Operator, node: LabNode) -> None:
    before = engine_of(node)
    operator.writes(container("database", 1, "data", "own"), container("web", 2))
    operator.push()
    assert "data" in engine_of(node)
    said = operator.answering("destroy", "destroy", "--volumes")
    assert f"  {node.name}: data\n" in said
    assert f"  {node.name}: own\n" not in said
    assert engine_of(node) == before
    assert traces(node) == ""


def test_a_destruction_that_is_cut_off_is_finished_by_the_next(operator: Operator, node: LabNode) -> None:
    before = engine_of(node)
    operator.writes(container("database", 1, "data"), container("web", 2))
    operator.push()
    destruction = operator.start("destroy", "--volumes", "--yes")
    assert destruction.stdout
    for line in destruction.stdout:
        if "stopping" in line:
            break
    node.crash()
    destruction.kill()
    destruction.communicate()
    node.boot()
    node.wait()
    node.run(("podman", "start", "own"))
    operator.heatsink("destroy", "--volumes", "--yes")
    assert engine_of(node) == before
    assert traces(node) == ""


def test_containers_stop_in_the_order_of_their_steps(operator: Operator, node: LabNode) -> None:
    operator.writes(*(container(f"y{step}", step) for step in range(1, 4)))
    operator.push()
    operator.heatsink("destroy", "--yes")
    assert stops(node, "y") == [
        f"{word} heatsink-y{step}" for step in (3, 2, 1) for word in ("Stopping", "Stopped")
    ]


def test_containers_that_ignore_sigterm_are_killed_at_the_same_time(
    operator: Operator, node: LabNode
) -> None:
    """By name, these stop behind the targets of the steps, which wait for the steps behind their own."""
    operator.writes(*(container(f"z{step}", step, grace=30) for step in range(1, 6)))
    operator.push()
    operator.heatsink("destroy", "--yes")
    assert [line.split()[0] for line in stops(node, "z")] == ["Stopping"] * 5 + ["Stopped"] * 5


def stops(node: LabNode, names: str) -> list[str]:
    """Which containers systemd said were stopping and stopped, of those whose names begin so."""
    lines = f"--grep=^Stopp(ing|ed) heatsink-{names}"
    said = node.run(("journalctl", "--boot", "--output=cat", "_PID=1", lines))
    return [line.partition(".service")[0] for line in said.splitlines()]
