"""The lab itself, on nodes of its own: other folder, other subnet than the lab of an operator."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import chain
from pathlib import Path

import pytest

from compiler import lab as labs
from compiler.lab import Lab, LabError, LabNode, network
from compiler.lab.system import wait_until
from tests.support.nodes import free_lab, lab_of_tests

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with lab_of_tests(tmp_path_factory.mktemp("lab"), 0) as lab:
        yield lab


@pytest.fixture(scope="module")
def nodes(place: Lab) -> tuple[LabNode, ...]:
    return labs.up(place, 2)


@pytest.fixture
def node(nodes: tuple[LabNode, ...]) -> LabNode:
    return nodes[0]


def test_nodes_boot_without_a_failed_unit(nodes: tuple[LabNode, ...]) -> None:
    assert [failed_units(node) for node in nodes] == ["", ""]


def test_each_node_knows_its_own_name(nodes: tuple[LabNode, ...]) -> None:
    assert [node.run(("cat", "/proc/sys/kernel/hostname")).strip() for node in nodes] == ["node1", "node2"]


def test_each_node_has_a_host_key_and_a_machine_id_of_its_own(nodes: tuple[LabNode, ...]) -> None:
    identities = {(node.host_key, node.run(("cat", "/etc/machine-id"))) for node in nodes}
    assert len(identities) == len(nodes)


def test_nodes_have_a_folder_in_common(nodes: tuple[LabNode, ...]) -> None:
    first, second = nodes
    first.run(("touch", "/srv/shared/by-first"))
    second.reboot()
    assert second.run(("ls", "/srv/shared")) == "by-first\n"


def test_nodes_that_are_up_stay_up(place: Lab, nodes: tuple[LabNode, ...]) -> None:
    before = [node.boot_id() for node in nodes]
    labs.up(place, 2)
    assert [node.boot_id() for node in nodes] == before


def test_a_node_of_another_engine_is_not_taken_for_what_was_asked(place: Lab, node: LabNode) -> None:
    with pytest.raises(LabError, match="node1 already exists, with podman"):
        labs.up(place, 1, engine="docker")


def test_a_reboot_keeps_the_disk(node: LabNode) -> None:
    node.run(("sh", "-c", "echo kept > /root/note"))
    node.reboot()
    assert node.run(("cat", "/root/note")) == "kept\n"


def test_a_crash_kills_all_and_a_boot_finds_the_disk_as_it_was(node: LabNode) -> None:
    node.run(("sh", "-c", "echo kept > /root/note; sync"))
    node.crash()
    crashed = node.state
    node.boot()
    node.wait()
    assert (crashed, node.run(("cat", "/root/note"))) == ("off", "kept\n")


def test_a_node_that_powers_off_is_off_and_comes_up_again(place: Lab, node: LabNode) -> None:
    node.attempt(("systemctl", "poweroff"))
    went_off = wait_until(lambda: node.state == "off", seconds=30)
    labs.up(place, 1)
    assert (went_off, node.state) == (True, "up")


def test_a_cut_node_answers_nobody_until_it_is_healed(node: LabNode) -> None:
    node.cut()
    cut = (node.state, node.attempt(("true",)).returncode)
    node.heal()
    node.wait()
    assert (cut, node.state) == (("cut", 255), "up")


def test_two_labs_do_not_share_a_subnet(place: Lab, nodes: tuple[LabNode, ...], tmp_path: Path) -> None:
    with pytest.raises(LabError, match="belongs to"):
        labs.up(replace(place, state=tmp_path / "other"), 1)


def test_the_subnet_of_a_lab_that_was_killed_is_free(tmp_path: Path) -> None:
    killed = free_lab(tmp_path / "killed", 2)
    network.build_bridge(killed)
    other = replace(killed, state=tmp_path / "other")
    network.build_bridge(other)
    network.remove_bridge(killed)
    kept = network.exists(other.bridge)
    network.remove_bridge(other)
    assert (kept, network.exists(other.bridge)) == (True, False)


def test_nodes_of_both_engines_pull_from_the_registry(place: Lab, node: LabNode) -> None:
    image = f"{labs.start_registry(place)}/hello:1"
    (docker,) = labs.up(place, 1, engine="docker", first=3)
    node.run(("sh", "-c", f"tar -C /etc -c hostname | podman import - {image} && podman push {image}"))
    node.run(("podman", "rmi", image))
    pulls = (node.attempt(("podman", "pull", image)), docker.attempt(("docker", "pull", image)))
    assert [pull.returncode for pull in pulls] == [0, 0], pulls


def test_down_leaves_nothing_behind(place: Lab) -> None:
    other = free_lab(place.state / "other", 2)
    labs.up(other, 1)
    labs.start_registry(other)
    running = traces(other)
    labs.down(other)
    assert running
    assert traces(other) == []


def test_down_of_one_node_leaves_the_others_alone(place: Lab, nodes: tuple[LabNode, ...]) -> None:
    before = nodes[0].boot_id()
    labs.down(place, (2,))
    assert [node.number for node in labs.nodes(place) if node.number < 3] == [1]
    assert nodes[0].boot_id() == before


def failed_units(node: LabNode) -> str:
    return node.run(("systemctl", "--failed", "--no-legend"))


def traces(lab: Lab) -> list[str]:
    """What a lab has outside its folder: mounts, interfaces, groups, files in /run, processes."""
    candidates = chain(
        Path("/proc/self/mountinfo").read_text().splitlines(),
        (path.name for path in Path("/sys/class/net").iterdir()),
        (str(path) for path in Path("/sys/fs/cgroup").glob("**/heatsink-lab/*")),
        (str(path) for path in Path("/run/systemd/nspawn").glob("*/*")),
        (command_line(path) for path in Path("/proc").glob("[0-9]*")),
    )
    return [trace for trace in candidates if lab.bridge in trace or str(lab.state) in trace]


def command_line(process: Path) -> str:
    with suppress(OSError):  # it has ended meanwhile
        return (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return ""
