"""Images on real hosts, pulled from a registry: kept while a generation needs them, deleted afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from compiler import lab as labs
from compiler.lab import Engine, Lab, LabNode
from compiler.lab.cgroup import program_cgroup
from compiler.model.artifact import Artifacts
from compiler.model.container import Backend, Container, Kind, Restart
from compiler.stages.emit import docker, podman
from tests.support.images import make_image
from tests.support.nodes import Operator, clean, lab_of_tests

pytestmark = pytest.mark.lab

BASE = "localhost/base:1"
EMIT = {"podman": podman.container_unit, "docker": docker.container_unit}
BACKENDS = {"podman": Backend.PODMAN, "docker": Backend.DOCKER}


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, LabNode]]:
    """A node of each engine, and a registry."""
    with lab_of_tests(tmp_path_factory.mktemp("lab"), 4) as lab:
        (first,) = labs.up(lab, 1)
        (second,) = labs.up(lab, 1, engine="docker", first=2)
        labs.start_registry(lab)
        for node in (first, second):
            make_image(node, BASE)
        yield {"podman": first, "docker": second}


@pytest.fixture
def node(fleet: dict[str, LabNode], engine: Engine) -> LabNode:
    """The node of an engine, with an image of the operator's and no others."""
    node = fleet[engine]
    clean(node)
    others = f"{engine} images --quiet --no-trunc | grep -v $({engine} images -q --no-trunc {BASE})"
    node.attempt(("sh", "-c", f"{engine} rmi --force $({others})"))
    return node


@pytest.fixture
def operator(node: LabNode) -> Operator:
    folder = node.lab.state / f"operator-{node.engine}"
    folder.mkdir(exist_ok=True)
    (folder / "known_hosts").write_text(node.lab.known_hosts.read_text())
    return Operator(folder, [node], backend=BACKENDS[node.engine])


@contextmanager
def registry_off(lab: Lab) -> Iterator[None]:
    """Without the registry."""
    program_cgroup(lab.bridge, "registry").kill()
    yield
    labs.start_registry(lab)


def published(node: LabNode, word: str) -> str:
    """The digest of a new image in the registry, under the tag 1, of which the node has nothing any more."""
    engine, tag = node.engine, f"{node.lab.registry}/app:1"
    kept = node.attempt((engine, "image", "inspect", "--format", "{{.Id}}", tag)).stdout.strip()
    make = f"printf 'FROM {BASE}\\nENV WORD={word}\\n' | {engine} build --tag {tag} -"
    node.run(("sh", "-c", f"{make} && {engine} push {tag} && {engine} rmi {tag} && {engine} pull {tag}"))
    digest = node.run((engine, "image", "inspect", "--format", "{{index .RepoDigests 0}}", tag)).strip()
    node.run((engine, "rmi", tag))
    if kept:
        node.run((engine, "tag", kept, tag))
    return digest


def container(node: LabNode, image: str, word: str = "") -> Artifacts:
    """A container whose unit changes with the word."""
    return EMIT[node.engine](
        Container(
            name="app",
            service="app",
            kind=Kind.SERVICE,
            step=1,
            image=image,
            command=("sh", "-c", "trap exit TERM; sleep 1000 & wait"),
            environment=(("N", word),) if word else (),
            restart=Restart.ALWAYS,
        )
    )


def pushed(operator: Operator, node: LabNode, image: str, word: str = "") -> None:
    operator.writes(container(node, image, word))
    operator.push("--keep-generations", "2")


def word(node: LabNode) -> str:
    """The word in the image of the running container."""
    return node.run((node.engine, "exec", "app", "sh", "-c", "echo $WORD")).strip()


def count(node: LabNode) -> int:
    return len({*node.run((node.engine, "images", "--quiet", "--no-trunc")).split()})


def test_only_images_of_kept_generations_and_of_the_operator_are_left(
    operator: Operator, node: LabNode
) -> None:
    for number in range(5):
        pushed(operator, node, published(node, str(number)))
    assert (count(node), word(node)) == (3, "4")
    with registry_off(node.lab):
        operator.heatsink("rollback", "--yes", "--settle", "1")
    assert word(node) == "3"


def test_a_rollback_starts_what_the_tag_meant(operator: Operator, node: LabNode) -> None:
    tag = f"{node.lab.registry}/app:1"
    for number in ("0", "1", "2"):
        published(node, number)
        pushed(operator, node, tag, number)
    assert (count(node), word(node)) == (3, "2")
    with registry_off(node.lab):
        operator.heatsink("rollback", "--yes", "--settle", "1")
    assert word(node) == "1"
    operator.heatsink("destroy", "--yes")
    assert count(node) == 1
