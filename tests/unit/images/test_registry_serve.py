"""How the container of the registry serves, collects garbage and ends."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from compiler.lab.system import wait_until

SCRIPTS = Path(__file__).parents[3] / "images/registry"


class Registry:
    """The scripts with a stand-in of docker-registry, which writes down what it is asked to do."""

    def __init__(self, folder: Path, server: str, collector: str = ":") -> None:
        self.folder = folder
        (folder / "images/docker").mkdir(parents=True)
        program = folder / "docker-registry"
        said = "${REGISTRY_STORAGE_MAINTENANCE_READONLY:+ only images that are there}"
        waits = f"until [ -e {folder}/serving ]; do sleep 0.05; done"
        runs = f"if [ $1 = serve ]; then {server}\nelse {waits}; {collector}\nfi"
        program.write_text(f'#!/bin/sh\n{runs}\necho "$1{said}" >>{folder}/asked\n')
        program.chmod(0o755)
        self.environment = {
            **os.environ,
            "PATH": f"{folder}:{os.environ['PATH']}",
            "REGISTRY_RUN": str(folder),
            "REGISTRY_IMAGES": str(folder / "images"),
        }
        self.process = subprocess.Popen(("sh", SCRIPTS / "registry_serve"), env=self.environment)

    def collects(self) -> int:
        """Collect garbage, when it serves; the exit code."""
        self.serves()
        return subprocess.run(
            ("sh", SCRIPTS / "registry_collect"), env=self.environment, check=False, timeout=30
        ).returncode

    def serves(self) -> None:
        """Wait until a server runs."""
        assert wait_until(
            lambda: (self.folder / "server").exists() and (self.folder / "serving").exists(), seconds=10
        )

    def ends(self) -> int:
        """Stop it; the exit code."""
        self.serves()
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(10)

    @property
    def asked(self) -> list[str]:
        """What the program was asked to do, and has ended."""
        path = self.folder / "asked"
        return path.read_text().splitlines() if path.exists() else []


def server(folder: Path) -> str:
    """A server that ends without an error when it is stopped."""
    loop = f"touch {folder}/serving; while [ -z $over ]; do sleep 0.05; done; rm {folder}/serving"
    return f"trap over=yes TERM; {loop}"


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    started = Registry(tmp_path, server(tmp_path))
    yield started
    started.process.terminate()
    started.process.wait(10)


@pytest.mark.parametrize("code", [0, 3])
def test_it_ends_as_the_server_does(tmp_path: Path, code: int) -> None:
    assert Registry(tmp_path, f"exit {code}").process.wait(10) == code


def test_a_server_that_is_stopped_finishes_what_it_has_begun(registry: Registry) -> None:
    assert (registry.ends(), registry.asked) == (0, ["serve"])


def test_no_server_takes_pushes_while_garbage_is_collected(registry: Registry) -> None:
    assert registry.collects() == 0
    registry.ends()
    assert registry.asked == ["serve", "garbage-collect", "serve only images that are there", "serve"]


def test_a_collection_that_fails_leaves_a_server_that_takes_pushes(tmp_path: Path) -> None:
    failing = Registry(tmp_path, server(tmp_path), collector="exit 7")
    assert failing.collects() == 7
    failing.ends()
    assert failing.asked[-1] == "serve"


def test_nothing_is_collected_twice_at_once(registry: Registry) -> None:
    registry.serves()
    (registry.folder / "collecting").mkdir()
    assert registry.collects() == 1
