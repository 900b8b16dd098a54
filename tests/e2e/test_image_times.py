"""Images with one time for everything: two builds are the same image."""

from __future__ import annotations

import io
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from compiler import __version__
from compiler.images.engines.podman_service import own_engine
from compiler.images.engines.protocol import EngineImage
from tests.support.build_engine import outcomes, toy
from tests.support.in_process import run

pytestmark = pytest.mark.lab

NAMESPACE = "heatsink-test"
BASE, LEAF = f"localhost/{NAMESPACE}/toy-base:1", f"localhost/{NAMESPACE}/toy-leaf:1"
LIBRARY = tuple(f"localhost/{NAMESPACE}/{name}:{__version__}" for name in ("memcached", "base", "debian"))
RECIPES = (
    toy(BASE, dockerfile="FROM scratch\nCOPY Dockerfile /\nLABEL kind=toy\n"),
    toy(LEAF, "toy-base", dockerfile=f"FROM {BASE}\nCOPY Dockerfile /leaf\n"),
)


@pytest.fixture(autouse=True)
def removed() -> Iterator[None]:
    yield
    subprocess.run(("podman", "rmi", "--force", *LIBRARY, LEAF, BASE), check=False, capture_output=True)


def images(logs: Path, epoch: int | None) -> list[EngineImage | None]:
    with own_engine() as engine:
        built = outcomes(engine, logs, *RECIPES, cached=False, epoch=epoch)
    return [outcome.image for outcome in built.values()]


def test_two_builds_with_the_same_time_are_the_same_image(tmp_path: Path) -> None:
    first = images(tmp_path, 1_700_000_000)
    time.sleep(1.1)
    assert images(tmp_path, 1_700_000_000) == first


def test_without_a_time_an_image_has_that_of_its_build(tmp_path: Path) -> None:
    first = images(tmp_path, None)
    time.sleep(1.1)
    assert images(tmp_path, None) != first


@pytest.mark.long
def test_two_builds_of_the_library_with_the_same_time_have_the_same_digests(tmp_path: Path) -> None:
    command = ("images", "build", "memcached", "--namespace", NAMESPACE, "--no-cache", "--json")
    environment = {**os.environ, "SOURCE_DATE_EPOCH": "1700000000"}
    builds = [run(command, tmp_path, environment, io.StringIO()) for _ in range(2)]
    digests = [[line for line in build.stdout.splitlines() if '"digest"' in line] for build in builds]
    assert (digests[0] == digests[1], len(digests[0])) == (True, 3)
