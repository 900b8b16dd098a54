"""Images that are sent with a push, to hosts that no registry reaches."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from compiler import lab as labs
from compiler.images.layout_file import read_layout
from compiler.images.registry import RegistryClient
from compiler.images.saving import save
from compiler.lab import LabNode
from compiler.lab.system import wait_until
from compiler.model.container import Backend
from tests.support.images import make_image
from tests.support.nodes import Operator, clean, lab_of_tests

pytestmark = pytest.mark.lab

REPOSITORY = "registry.invalid:4000/site/web"
CONTAINERD = {"features": {"containerd-snapshotter": True}, "storage-driver": "native"}


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, LabNode]]:
    """A node of each engine."""
    with lab_of_tests(tmp_path_factory.mktemp("lab"), 6) as lab:
        (first,) = labs.up(lab, 1)
        (second,) = labs.up(lab, 1, engine="docker", first=2)
        yield {"podman": first, "docker": second}


@pytest.fixture(scope="module")
def archive(nodes: dict[str, LabNode], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with an image of a registry that nobody reaches."""
    node = nodes["podman"]
    registry = labs.start_registry(node.lab)
    make_image(node, "localhost/made:1")
    node.run(("podman", "push", "--quiet", "localhost/made:1", f"{registry}/site/web:1"))
    node.run(("podman", "rmi", "--force", "localhost/made:1"))
    client = RegistryClient(insecure=frozenset((registry,)))
    pinned = f"{registry}/site/web@{client.manifest(f'{registry}/site/web:1').digest}"
    path = tmp_path_factory.mktemp("images") / "images.oci.tar"
    save(client, {f"{REPOSITORY}:1": pinned}, path)
    return path


@pytest.fixture
def reference(archive: Path) -> str:
    """The reference that units have."""
    return read_layout(archive).images[0].pinned


def operator_of(node: LabNode, folder: Path, backend: Backend) -> Operator:
    clean(node)
    node.attempt(("sh", "-c", f"{node.engine} rmi --force $({node.engine} images -q)"))
    (folder / "known_hosts").write_text(node.lab.known_hosts.read_text())
    return Operator(folder, [node], backend=backend)


def use_store(node: LabNode, settings: dict[str, object]) -> None:
    """Let docker keep images in the store that these settings choose."""
    before = json.loads(node.run(("cat", "/etc/docker/daemon.json")))
    kept = {key: value for key, value in before.items() if key not in CONTAINERD}
    node.run(("tee", "/etc/docker/daemon.json"), stdin=json.dumps({**kept, **settings}))
    node.run(("systemctl", "restart", "docker"))


@pytest.mark.parametrize("backend", Backend)
def test_a_host_runs_an_image_that_came_with_the_push(
    backend: Backend, nodes: dict[str, LabNode], archive: Path, reference: str, tmp_path: Path
) -> None:
    node = nodes[backend.engine]
    if backend is Backend.DOCKER:
        use_store(node, CONTAINERD)
    operator = operator_of(node, tmp_path, backend)
    operator.writes(operator.container("web", image=reference))
    assert "loading 1 image" in operator.push("--images", str(archive))
    operator.writes(operator.container("web", image=reference, config="new"))
    assert "loading" not in operator.push("--images", str(archive))
    assert REPOSITORY in node.run((node.engine, "ps", "--format", "{{.Image}}"))


def test_a_docker_that_loses_digests_is_refused_before_anything_is_changed(
    nodes: dict[str, LabNode], archive: Path, reference: str, tmp_path: Path
) -> None:
    node = nodes["docker"]
    use_store(node, {})
    operator = operator_of(node, tmp_path, Backend.DOCKER)
    operator.writes(operator.container("web", image=reference))
    assert "docker does not keep the digests" in operator.push("--images", str(archive), code=1)
    assert node.run(("sh", "-c", "ls /etc/systemd/system")).count("heatsink") == 0


def test_a_host_without_a_network_is_switched_on_by_a_file(
    nodes: dict[str, LabNode], archive: Path, reference: str, tmp_path: Path
) -> None:
    node = nodes["podman"]
    operator = operator_of(node, tmp_path, Backend.PODMAN)
    operator.writes(operator.container("web", image=reference, config="new"))
    operator.heatsink("bundle", "-o", "site.bundle", "--images", str(archive))
    carry(tmp_path / "site.bundle", node)
    refused = node.attempt(("/root/site.bundle", "--host", "other", "--yes"))
    assert "this file has no bundle for `other`" in refused.stderr
    # With a delay: nobody can start it when the network is gone.
    node.run(
        ("systemd-run", "--unit=courier", "sh", "-c", "sleep 3; /root/site.bundle --yes; echo $? >/root/code")
    )
    node.cut()
    try:
        time.sleep(25)
    finally:
        node.heal()
    assert wait_until(lambda: node.attempt(("cat", "/root/code")).stdout == "0\n", seconds=60)
    assert REPOSITORY in node.run(("podman", "ps", "--format", "{{.Image}}"))
    assert "unchanged" in operator.push()


def carry(path: Path, node: LabNode) -> None:
    """Copy a file to /root of a node."""
    with path.open("rb") as file:
        command = (*node.ssh_command(), f"cat >/root/{path.name} && chmod 700 /root/{path.name}")
        subprocess.run(command, stdin=file, check=True)
