"""What an image's own files say, in an image that a real engine has built."""

from __future__ import annotations

import json
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from compiler.cli.images import images
from tests.support.git_repository import GitRepository

pytestmark = pytest.mark.lab

REFERENCE = "localhost/heatsink-test-tree/toy:1"
DOCKERFILE = "FROM scratch\nARG KIND\nLABEL kind=$KIND\nADD sources/app.tar /app/\nCOPY patches/ /patches/\n"
PATCH = "--- a/app/run\n+++ b/app/run\n@@ -1 +1 @@\n-one\n+two\n"


@pytest.fixture
def repository(tmp_path: Path) -> GitRepository:
    return GitRepository(tmp_path / "repository")


@pytest.fixture
def built(tmp_path: Path, repository: GitRepository) -> Iterator[str]:
    """An image with a source, a patch, a build argument and a label: the commit of its source."""
    commit = repository.commit(run="one\n")
    folder = tmp_path / "images/toy"
    folder.mkdir(parents=True)
    (folder / "Dockerfile.j2").write_text(DOCKERFILE)
    (folder / "fix.patch").write_text(PATCH)
    (folder / "image.yaml").write_text(
        f"sources: [{{name: app, type: git, location: '{repository.url}', reference: main}}]\n"
        "patches: [{file: fix.patch}]\n"
        "build_args: {KIND: small}\n"
        "labels: {org.opencontainers.image.licenses: MIT}\n"
    )
    arguments = (
        "toy",
        "--images",
        str(tmp_path / "images"),
        "--namespace",
        "heatsink-test-tree",
        "--tag",
        "1",
    )
    cache = {"XDG_CACHE_HOME": str(tmp_path / "cache"), "SOURCE_DATE_EPOCH": "0"}
    done = CliRunner().invoke(images, ("build", *arguments), env=cache)
    assert done.exit_code == 0, done.output
    yield commit
    subprocess.run(("podman", "rmi", "--force", REFERENCE), check=False, capture_output=True)


def test_an_image_has_its_source_and_its_patch(built: str, tmp_path: Path) -> None:
    archive = tmp_path / "toy.tar"
    subprocess.run(("podman", "save", "--output", str(archive), REFERENCE), check=True, capture_output=True)
    names = set()
    with tarfile.open(archive) as saved:
        for layer in (member for member in saved if member.name.endswith(".tar") and member.isfile()):
            with tarfile.open(fileobj=saved.extractfile(layer)) as content:
                names |= set(content.getnames())
    assert names >= {"app/run", "patches/fix.patch"}


def test_an_image_says_what_it_is_and_what_it_was_built_from(built: str) -> None:
    done = subprocess.run(("podman", "image", "inspect", REFERENCE), check=True, capture_output=True)
    labels = json.loads(done.stdout)[0]["Labels"]
    assert {key: labels.get(key) for key in ("kind", "heatsink.source.app")} | {
        key: labels.get(f"org.opencontainers.image.{key}") for key in ("title", "licenses", "created")
    } == {
        "kind": "small",
        "heatsink.source.app": f"git:{built}",
        "title": "toy",
        "licenses": "MIT",
        "created": "1970-01-01T00:00:00Z",
    }
