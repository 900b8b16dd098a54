"""Images built by each engine, here and on a node, through its SDK."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from compiler.images.engines import running_engine
from compiler.images.engines.podman_service import own_engine
from compiler.lab import Engine, LabNode
from compiler.lab.system import wait_until
from tests.support.in_process import exit_code
from tests.support.nodes import registry_of

pytestmark = pytest.mark.lab

REFERENCE = "localhost/heatsink-test/toy-leaf:1"
BASE = "localhost/heatsink-test/toy-base:1"
DOCKERFILES = {
    "toy-base": 'FROM scratch\nCOPY file /file\nLABEL kind="toy"\n',
    "toy-leaf": 'FROM {{ parent("toy-base") }}\nCOPY file /leaf\n',
}


def test_sigterm_ends_the_service_of_podman_too() -> None:
    program = (
        "import time; from compiler.images.engines.podman_service import own_engine as engine\n"
        "with engine() as running: print(running.url, flush=True); time.sleep(60)"
    )
    with subprocess.Popen((sys.executable, "-c", program), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        socket = process.stdout.readline().strip().removeprefix("unix://")
        assert Path(socket).exists()
        process.terminate()
        assert process.wait(30) == 143
    assert subprocess.run(("pgrep", "--full", socket), check=False, capture_output=True).stdout == b""


@contextmanager
def socket_of(node: LabNode, folder: Path) -> Iterator[str]:
    """The socket of a node's docker, here."""
    path = folder / "docker.sock"
    forward = subprocess.Popen((*node.ssh_command("-N", "-L", f"{path}:/var/run/docker.sock"),))
    try:
        assert wait_until(path.exists, seconds=30)
        yield f"unix://{path}"
    finally:
        forward.terminate()
        forward.wait()


@pytest.fixture
def url(
    request: pytest.FixtureRequest, nodes_of: Callable[[Engine], tuple[LabNode, ...]], tmp_path: Path
) -> Iterator[tuple[str, str]]:
    """An engine and its socket: podman's here, docker's on a node, podman's as docker's SDK sees it."""
    name = request.param
    with ExitStack() as stack:
        if name == "docker on a node":
            yield "docker", stack.enter_context(socket_of(nodes_of("docker")[0], tmp_path))
        else:
            remove()  # what a run that was killed has left
            stack.callback(remove)
            yield name, stack.enter_context(own_engine()).url


def remove() -> None:
    """Remove the images from podman here."""
    subprocess.run(("podman", "rmi", "--force", REFERENCE, BASE), check=False, capture_output=True)


@pytest.fixture
def registry(nodes_of: Callable[[Engine], tuple[LabNode, ...]]) -> Iterator[str]:
    """The registry of the nodes' lab."""
    with registry_of(nodes_of("docker")[0].lab) as address:
        yield address


ENGINES = pytest.mark.parametrize("url", ["podman", "docker", "docker on a node"], indirect=True)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name, text in DOCKERFILES.items():
        (tmp_path / "images" / name).mkdir(parents=True)
        (tmp_path / "images" / name / "Dockerfile.j2").write_text(text)
        (tmp_path / "images" / name / "file").write_text(name)
    return tmp_path


def heatsink(tree: Path, url: tuple[str, str], *arguments: str) -> int:
    engine = ("--engine", url[0], "--engine-url", url[1], "--namespace", "heatsink-test", "--tag", "1")
    return exit_code(("images", *arguments, *engine), tree)


@ENGINES
def test_an_engine_builds_what_changed_and_knows_what_it_has(
    url: tuple[str, str], tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    codes = heatsink(tree, url, "build", "toy-*"), heatsink(tree, url, "build", "toy-*")
    printed = capsys.readouterr().err
    with running_engine(*url) as engine:
        image = engine.image(REFERENCE)
    assert codes == (0, 0)
    assert ("toy-leaf built" in printed, "toy-leaf up to date" in printed) == (True, True)
    assert image is not None
    assert (image.id.startswith("sha256:"), image.size > 0) == (True, True)


@ENGINES
def test_an_image_has_the_names_of_its_files_in_a_label(url: tuple[str, str], tree: Path) -> None:
    name = 'a "$HOME" ${HOME:-x} \\b Å'
    (tree / "images/toy-leaf" / name).touch()
    heatsink(tree, url, "build", "toy-leaf")
    with running_engine(*url) as engine:
        content = json.loads((engine.labels(REFERENCE) or {})["heatsink.content"])
    assert sorted(content["file"]) == [name, "file"]


@ENGINES
def test_a_failed_build_shows_its_last_lines(
    url: tuple[str, str], tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (tree / "images/toy-leaf/Dockerfile.j2").open("a") as dockerfile:
        dockerfile.write("COPY missing /\n")
    code = heatsink(tree, url, "build", "toy-*")
    printed = capsys.readouterr().err
    assert (code, "toy-leaf failed" in printed, "  toy-leaf | " in printed) == (1, True, True)


@ENGINES
def test_an_image_that_is_not_there_has_no_hash(url: tuple[str, str]) -> None:
    with running_engine(*url) as engine:
        assert engine.content_hash("localhost/heatsink-test/no-such-image:1") is None


@pytest.mark.parametrize("url", ["docker on a node"], indirect=True)
def test_docker_pushes_what_it_has_built_and_keeps_its_own_name(
    url: tuple[str, str], tree: Path, registry: str
) -> None:
    heatsink(tree, url, "build", "toy-leaf")
    code = heatsink(tree, url, "push", "toy-leaf", "--registry", registry, "--insecure-registry")
    pushed = f"{registry}/heatsink-test/toy-leaf:1"
    with running_engine(*url) as engine:
        kept = engine.image_id(REFERENCE), engine.image_id(pushed)
    assert (code, f"{pushed}: sha256:" in (tree / "images.lock.yaml").read_text()) == (0, True)
    assert (kept[0] is not None, kept[1]) == (True, None)


@pytest.mark.parametrize("url", ["docker on a node"], indirect=True)
def test_a_push_to_a_registry_that_docker_does_not_trust_says_so(
    url: tuple[str, str], tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    heatsink(tree, url, "build", "toy-leaf")
    code = heatsink(tree, url, "push", "toy-leaf", "--registry", "192.0.2.1:1", "--insecure-registry")
    assert (code, "cannot push `192.0.2.1:1/heatsink-test/toy-leaf:1`: " in capsys.readouterr().err) == (
        1,
        True,
    )


@ENGINES
def test_files_of_an_image_are_read_without_running_it(url: tuple[str, str], tree: Path) -> None:
    heatsink(tree, url, "build", "toy-leaf")
    with running_engine(*url) as engine:
        assert engine.files(REFERENCE, ("/leaf", "/etc", "/no/such/file")) == {"/leaf": b"toy-leaf"}


@ENGINES
def test_a_build_writes_the_packages_of_its_images(url: tuple[str, str], tree: Path) -> None:
    (tree / "images/toy-leaf/Dockerfile.j2").write_text("FROM scratch\nCOPY file /var/lib/dpkg/status\n")
    (tree / "images/toy-leaf/file").write_text(
        "Package: frr\nStatus: install ok installed\nArchitecture: amd64\nVersion: 10.3-1\n"
    )
    assert heatsink(tree, url, "build", "toy-leaf", "--sbom", "sboms") == 0
    assert "pkg:deb/debian/frr@10.3-1?arch=amd64" in (tree / "sboms/toy-leaf.spdx.json").read_text()
