"""Images built by a real engine, pushed to a real registry, and started as containers are."""

from __future__ import annotations

import contextlib
import hashlib
import json
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from compiler.cli.images import images
from compiler.files.images_lock import BuildRecord, read_lock

pytestmark = pytest.mark.lab

NAMESPACE = "heatsink-test"


@pytest.fixture
def tree(tmp_path: Path) -> Iterator[Path]:
    """Three small images that need no network: a base, one that works, one that does not."""
    write(tmp_path, "toy-base", 'FROM scratch\nCOPY file /file\nLABEL kind="toy"\n')
    write(tmp_path, "toy-leaf", 'FROM {{ parent("toy-base") }}\nCOPY file /leaf\n')
    write(tmp_path, "toy-broken", 'FROM {{ parent("toy-base") }}\nCOPY no-such-file /\n')
    write(tmp_path, "toy-orphan", 'FROM {{ parent("toy-broken") }}\n')
    yield tmp_path
    for name in ("leaf", "broken", "base"):
        reference = f"localhost/{NAMESPACE}/toy-{name}:1"
        subprocess.run(("podman", "rmi", "--force", reference), check=False, capture_output=True)


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[str]:
    """A registry of this test's own, on a free port of loopback."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    config = tmp_path / "registry.yml"
    config.write_text(
        "version: 0.1\n"
        f"storage: {{filesystem: {{rootdirectory: {tmp_path}/blobs}}}}\n"
        f"http: {{addr: '{address}'}}\n"
    )
    with (tmp_path / "registry.log").open("wb") as log:
        process = subprocess.Popen(("docker-registry", "serve", str(config)), stdout=log, stderr=log)
    try:
        wait_for(address)
        yield address
    finally:
        process.terminate()
        process.wait()


def write(tree: Path, name: str, dockerfile: str) -> None:
    folder = tree / name
    folder.mkdir()
    (folder / "Dockerfile.j2").write_text(dockerfile)
    (folder / "file").write_text(name)


def write_file(path: Path) -> None:
    path.write_text(path.name)


def wait_for(address: str) -> None:
    host, port = address.split(":")
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex((host, int(port))) == 0:
                return
        time.sleep(0.05)
    pytest.fail("the registry did not start")


def heatsink(verb: str, tree: Path, *arguments: str) -> Result:
    options = ("--images", str(tree), "--namespace", NAMESPACE, "--tag", "1")
    with contextlib.chdir(tree):
        return CliRunner().invoke(images, (verb, *arguments, *options))


def inspected(reference: str) -> dict[str, object]:
    done = subprocess.run(("podman", "image", "inspect", reference), check=True, capture_output=True)
    found: dict[str, object] = json.loads(done.stdout)[0]
    return found


def test_an_image_is_built_behind_its_parents_and_only_when_it_changed(tree: Path) -> None:
    first = heatsink("build", tree, "toy-leaf")
    again = heatsink("build", tree, "toy-leaf")
    (tree / "toy-leaf/file").write_text("changed")
    changed = heatsink("build", tree, "toy-leaf")
    assert [" ".join(line.split()[:2]) for line in first.stderr.splitlines()] == [
        "building toy-base", "toy-base built", "building toy-leaf", "toy-leaf built", "2 of",
    ]  # fmt: skip
    assert again.stderr.splitlines() == [
        "toy-base up to date",
        "toy-leaf up to date",
        "2 of 2 images up to date",
    ]
    assert "toy-base up to date" in changed.stderr
    assert "toy-leaf built" in changed.stderr


def test_a_failed_image_is_named_with_its_last_lines_and_the_others_are_built(tree: Path) -> None:
    done = heatsink("build", tree, "toy-*")
    assert done.exit_code == 1
    assert "toy-leaf built" in done.stderr
    assert "toy-broken failed" in done.stderr
    assert "  toy-broken | STEP 2/" in done.stderr
    assert "toy-orphan not built: parent `toy-broken` failed" in done.stderr


def test_the_log_of_a_failed_image_is_linked_until_it_is_built(tree: Path) -> None:
    link = tree / "build/image-logs/000_FAILED_toy-broken.log"
    said = heatsink("build", tree, "toy-broken").stderr
    failed = link.readlink(), link.read_text()
    write_file(tree / "toy-broken/no-such-file")
    heatsink("build", tree, "toy-broken")
    assert "  log: build/image-logs/toy-broken.log\n" in said
    assert (failed[0], "no such file" in failed[1]) == (Path("toy-broken.log"), True)
    assert (link.is_symlink(), "STEP 2/" in (link.parent / "toy-broken.log").read_text()) == (False, True)


def test_images_that_may_fail_have_an_exit_code_of_their_own(tree: Path) -> None:
    may, also_leaf = "--allow-failure", heatsink("build", tree, "toy-broken", "--allow-failure", "toy-leaf")
    done = heatsink("build", tree, "toy-*", may, "toy-broken")
    assert (done.exit_code, also_leaf.exit_code) == (3, 1)
    assert done.stderr.endswith("2 of 4 images up to date, allowed to fail: toy-broken, toy-orphan\n")


def test_an_image_is_built_on_the_parent_that_is_there(tree: Path) -> None:
    missing = heatsink("build", tree, "toy-leaf", "--skip-parents")
    heatsink("build", tree, "toy-base")
    write_file(tree / "toy-base/file")
    done = heatsink("build", tree, "toy-leaf", "--skip-parents")
    assert "toy-base not built: the engine does not have it" in missing.stderr
    assert ("toy-base kept" in done.stderr, "toy-leaf built" in done.stderr) == (True, True)


def test_the_result_of_a_build_is_json_on_stdout(tree: Path) -> None:
    done = heatsink("build", tree, "toy-*", "--json")
    states = {row["name"]: row["state"] for row in json.loads(done.stdout)["images"]}
    ids = [row["digest"] for row in json.loads(done.stdout)["images"] if row["name"] == "toy-leaf"]
    assert done.exit_code == 1
    assert states == {
        "toy-base": "built", "toy-broken": "failed", "toy-leaf": "built", "toy-orphan": "not built",
    }  # fmt: skip
    assert ids == [f"sha256:{inspected(f'localhost/{NAMESPACE}/toy-leaf:1')['Id']}"]


def test_a_pushed_image_can_be_pulled_by_the_digest_of_the_lock_file(tree: Path, registry: str) -> None:
    heatsink("build", tree, "toy-leaf")
    lock = tree / "images.lock.yaml"
    done = heatsink("push", tree, "toy-*", "--registry", registry, "--insecure-registry", "--lock", str(lock))
    assert done.exit_code == 1  # two are not built
    assert "`localhost/heatsink-test/toy-broken:1` is not built" in done.stderr
    digests = dict(line.strip().rsplit(": ", 1) for line in lock.read_text().splitlines()[2:])
    assert sorted(digests) == [f"{registry}/{NAMESPACE}/toy-base:1", f"{registry}/{NAMESPACE}/toy-leaf:1"]
    pinned = f"{registry}/{NAMESPACE}/toy-leaf@{digests[f'{registry}/{NAMESPACE}/toy-leaf:1']}"
    subprocess.run(
        ("podman", "pull", "--quiet", "--tls-verify=false", pinned), check=True, capture_output=True
    )
    assert inspected(pinned)["Id"] == inspected(f"localhost/{NAMESPACE}/toy-leaf:1")["Id"]
    subprocess.run(("podman", "rmi", pinned), check=False, capture_output=True)


def test_a_push_records_what_the_sources_of_an_image_were(tree: Path, registry: str) -> None:
    (tree / "toy-leaf/Dockerfile.j2").write_text("FROM scratch\nADD sources/app.tar /app/\n")
    (tree / "toy-leaf/image.yaml").write_text("sources: [{name: app, type: local, location: file}]\n")
    lock = tree / "images.lock.yaml"
    heatsink("build", tree, "toy-leaf")
    heatsink("push", tree, "toy-leaf", "--registry", registry, "--insecure-registry", "--lock", str(lock))
    written = hashlib.sha256((tree / "toy-leaf/file").read_bytes()).hexdigest()
    assert read_lock(lock).builds == {"toy-leaf": BuildRecord(sources={"app": f"sha256:{written}"})}


def test_a_push_without_patterns_pushes_what_is_built(tree: Path, registry: str) -> None:
    heatsink("build", tree, "toy-leaf")
    lock = tree / "images.lock.yaml"
    done = heatsink("push", tree, "--registry", registry, "--insecure-registry", "--lock", str(lock))
    assert (done.exit_code, "2 of 2 images pushed" in done.stderr) == (0, True)


def test_a_registry_that_speaks_plain_http_has_to_be_named_as_such(tree: Path, registry: str) -> None:
    heatsink("build", tree, "toy-base")
    done = heatsink("push", tree, "toy-base", "--registry", registry)
    assert done.exit_code == 1
    assert "use `--insecure-registry`" in done.stderr


def test_a_push_that_can_push_nothing_ends_with_an_error(tree: Path) -> None:
    heatsink("build", tree, "toy-base")
    done = heatsink("push", tree, "toy-base", "--registry", "registry.invalid")
    assert (done.exit_code, "images pushed" in done.stderr) == (1, False)
    assert "no image was pushed to `registry.invalid`" in str(done.exception)


def test_a_list_says_what_is_built(tree: Path) -> None:
    heatsink("build", tree, "toy-leaf")
    rows = json.loads(heatsink("list", tree, "toy-*", "--json").stdout)
    assert {row["name"]: row["built"] for row in rows} == {
        "toy-base": True, "toy-leaf": True, "toy-broken": False, "toy-orphan": False,
    }  # fmt: skip


def test_a_difference_names_what_an_image_was_not_built_from(tree: Path) -> None:
    heatsink("build", tree, "toy-leaf")
    same = heatsink("diff", tree, "toy-leaf")
    (tree / "toy-base/file").write_text("changed")
    differs = heatsink("diff", tree, "toy-leaf")
    assert (same.exit_code, differs.exit_code) == (0, 2)
    assert differs.stdout.splitlines()[1:] == [
        "toy-base\tfile `file` changed",
        "toy-leaf\tparent `toy-base` changed",
    ]


@pytest.mark.parametrize("path", ["", "/below/a/path"])
def test_a_saved_image_is_loaded_into_another_registry_with_its_digest(
    tree: Path, registry: str, path: str
) -> None:
    heatsink("build", tree, "toy-leaf")
    lock, file = tree / "images.lock.yaml", tree / "images.oci.tar"
    heatsink("push", tree, "toy-leaf", "--registry", registry, "--insecure-registry", "--lock", str(lock))
    saving = ("toy-leaf", "--lock", str(lock), "-o", str(file), "--insecure-registry", registry)
    saved = heatsink("save", tree, *saving)
    other = registry.replace("127.0.0.1", "localhost") + path
    loading = ("load", str(file), "--registry", other)
    loaded = CliRunner().invoke(images, (*loading, "--insecure-registry", "--lock", str(lock)))
    assert (saved.exit_code, loaded.exit_code) == (0, 0)
    digests = dict(line.strip().rsplit(": ", 1) for line in lock.read_text().splitlines()[2:])
    assert len(digests) == 2
    assert len(set(digests.values())) == 1
