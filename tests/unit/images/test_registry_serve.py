"""How the container of the registry starts, collects garbage and ends."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / "images/registry/registry_serve"


def serve(folder: Path, interval: str, server: str) -> subprocess.Popen[bytes]:
    """The script with a stand-in of docker-registry, which writes down what it is asked to do."""
    program = folder / "docker-registry"
    program.write_text(f"#!/bin/sh\necho $1 >>{folder}/asked\n[ $1 != serve ] || {{ {server}; }}\n")
    program.chmod(0o755)
    return subprocess.Popen(
        ("sh", SCRIPT, interval), env={**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}
    )


def asked(folder: Path) -> list[str]:
    path = folder / "asked"
    return path.read_text().split() if path.exists() else []


def test_it_ends_without_an_error_when_its_time_is_over(tmp_path: Path) -> None:
    assert serve(tmp_path, "0.1", "exec sleep 60").wait(10) == 0
    assert asked(tmp_path)[-1] == "serve"


@pytest.mark.parametrize("code", [0, 3])
def test_it_ends_as_the_server_does(tmp_path: Path, code: int) -> None:
    assert serve(tmp_path, "1h", f"exit {code}").wait(10) == code


def test_a_server_that_is_stopped_finishes_what_it_has_begun(tmp_path: Path) -> None:
    trap = f"trap 'echo finished >>{tmp_path}/asked; exit 0' TERM; while :; do sleep 0.05; done"
    process = serve(tmp_path, "1h", trap)
    deadline = time.monotonic() + 10
    while "serve" not in asked(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.2)  # until the trap is set
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    assert asked(tmp_path)[-1] == "finished"
