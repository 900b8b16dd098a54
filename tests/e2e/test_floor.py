"""The oldest hosts that heatsink supports: Debian 12 with systemd 252, podman 4.3 and docker 20.10."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from compiler import lab as labs
from compiler.lab import Engine, LabNode
from tests.support.images import make_image
from tests.support.nodes import Operator, clean, lab_of_tests

pytestmark = pytest.mark.lab

IMAGE = "localhost/floor:1"
TEMPLATE = f"""
heat_template_version: wallaby
parameters:
  Word: {{type: string}}
outputs:
  role_data:
    value:
      service_name: floor
      host_prep: {{tmpfiles: [{{path: /srv/floor}}]}}
      docker_config:
        step_1:
          job:
            image: {IMAGE}
            detach: false
            command: [sh, -c, 'echo ran >>/srv/floor/job']
            volumes: [/srv/floor:/srv/floor]
        step_2:
          words:
            image: {IMAGE}
            restart: always
            stop_grace_period: 1
            command: [sh, -c, 'echo $WORD >/srv/floor/word; sleep 1000']
            environment: {{WORD: {{get_param: Word}}}}
            volumes: [/srv/floor:/srv/floor]
            ulimit: [nofile=512:1024]
            healthcheck: {{test: test -s /srv/floor/word, interval: 2, timeout: 2, retries: 1}}
"""


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, LabNode]]:
    """A node of each engine."""
    with lab_of_tests(tmp_path_factory.mktemp("lab"), 3) as lab:
        (podman,) = labs.up(lab, 1, release="bookworm")
        (docker,) = labs.up(lab, 1, release="bookworm", engine="docker", first=2)
        yield {"podman": podman, "docker": docker}


@pytest.fixture
def node(fleet: dict[str, LabNode], engine: Engine) -> LabNode:
    """The node of an engine, with the image and nothing of a push."""
    node = fleet[engine]
    clean(node)
    node.run(("rm", "-rf", "/srv/floor"))
    make_image(node, IMAGE)
    return node


@pytest.fixture
def operator(node: LabNode, tmp_path: Path) -> Operator:
    """A project of one role and one template, for the node."""
    for folder in ("roles", "templates"):
        (tmp_path / folder).mkdir()
    (tmp_path / "roles/Floor.yaml").write_text("name: Floor\nServicesDefault: [Floor]\n")
    (tmp_path / "templates/floor.yaml").write_text(TEMPLATE)
    (tmp_path / "templates/resource_registry.yaml").write_text("resource_registry: {Floor: floor.yaml}\n")
    (tmp_path / "hosts.yaml").write_text(labs.hosts_file(node.lab, [node], {"Floor": 1}))
    (tmp_path / "known_hosts").write_text(node.lab.known_hosts.read_text())
    return Operator(tmp_path, [node])


def test_the_nodes_have_the_versions_of_the_floor(fleet: dict[str, LabNode]) -> None:
    systemd = fleet["podman"].run(("systemctl", "--version"))
    podman = fleet["podman"].run(("podman", "--version"))
    docker = fleet["docker"].run(("docker", "--version"))
    assert systemd.startswith("systemd 252 ")
    assert podman.startswith("podman version 4.3.")
    assert docker.startswith("Docker version 20.10.")


def test_containers_come_up_and_a_second_push_finds_nothing_to_do(operator: Operator) -> None:
    compiled(operator, "first")
    operator.push()
    units = operator.status()
    assert units["heatsink-job.service"]["state"] == "done"
    assert units["heatsink-words.service"]["health"] == "healthy"
    assert "0 files, 0 restarts" in operator.push()


def test_a_change_restarts_its_container_and_a_rollback_brings_the_old_one_back(
    operator: Operator, node: LabNode
) -> None:
    compiled(operator, "first")
    operator.push()
    compiled(operator, "second")
    assert "1 unit started" in operator.push()
    changed = node.run(("cat", "/srv/floor/word"))
    assert f"{node.name}: generation 1" in operator.heatsink("rollback", "--yes")
    assert (changed, node.run(("cat", "/srv/floor/word"))) == ("second\n", "first\n")
    assert node.run(("cat", "/srv/floor/job")) == "ran\n"


def test_a_container_that_turns_unhealthy_is_started_again(operator: Operator, node: LabNode) -> None:
    compiled(operator, "first")
    operator.push()
    node.run(("sh", "-c", "rm /srv/floor/word"))
    node.run(("sh", "-c", "until [ -s /srv/floor/word ]; do sleep 0.2; done"))
    words = operator.status()["heatsink-words.service"]  # not up yet: it has just been restarted
    assert (words["state"], words["restarts"]) == ("active (running)", 1)


@pytest.mark.parametrize("engine", ["podman"], indirect=True)
def test_quadlet_files_are_refused_before_anything_changes(operator: Operator, node: LabNode) -> None:
    compiled(operator, "first", "--backend", "quadlet")
    said = operator.push(code=1)
    assert f"error: {node.name}: podman 4.3.1 is too old for the backend `quadlet`" in said
    assert "hint: write `backend: podman` for the host in the hosts file and compile again" in said
    assert node.run(("find", "/etc/systemd/system", "/etc/containers", "-name", "heatsink-*")) == ""


def compiled(operator: Operator, word: str, *arguments: str) -> None:
    """A build in which the container writes a word."""
    (operator.folder / "site.yaml").write_text(f"parameter_defaults: {{Word: {word}}}\n")
    operator.heatsink("compile", "-e", "site.yaml", *arguments)
