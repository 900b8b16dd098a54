"""The shell scripts of the images."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from compiler.shipped import folder

IMAGES = folder("images")
KOLLA_START = IMAGES / "base/bin/kolla_start"


def scripts() -> list[Path]:
    texts = (path for path in IMAGES.rglob("*") if path.is_file() and path.suffix != ".j2")
    return [path for path in texts if path.name.endswith(".sh") or path.read_bytes().startswith(b"#!/bin/")]


@pytest.mark.parametrize("script", scripts(), ids=lambda path: str(path.relative_to(IMAGES)))
def test_a_script_is_bash(script: Path) -> None:
    assert subprocess.run(("bash", "-n", str(script)), capture_output=True, check=False).stderr == b""


def test_all_programs_of_the_base_can_be_executed() -> None:
    sourced = {"kolla_extend_start", "healthcheck_process"}
    assert [
        path.name
        for path in (IMAGES / "base/bin").iterdir()
        if not os.access(path, os.X_OK) and path.name not in sourced
    ] == []


def started(tmp_path: Path, command: str, hook: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """kolla_start with a hook and a command of the test's, and nothing done by sudo."""
    (tmp_path / "run_command").write_text(command)
    (tmp_path / "hook").write_text(hook)
    (tmp_path / "sudo").write_text("#!/bin/sh\n")
    (tmp_path / "sudo").chmod(0o755)
    script = KOLLA_START.read_text()
    script = script.replace("/run_command", str(tmp_path / "run_command"))
    script = re.sub(r"source \S+", f"source {tmp_path / 'hook'}", script)
    path = f"{tmp_path}:{os.environ['PATH']}"
    return subprocess.run(
        ("bash", "-c", script), env={"PATH": path} | environment, capture_output=True, text=True, check=False,
        cwd=tmp_path,
    )  # fmt: skip


def test_the_command_is_split_at_spaces_and_nothing_else_happens_to_it(tmp_path: Path) -> None:
    done = started(tmp_path, "printf <%s> * $HOME 'a", ":")
    assert done.stdout.splitlines()[-1] == "<*><$HOME><'a>"


def test_the_hook_adds_arguments(tmp_path: Path) -> None:
    done = started(tmp_path, "printf <%s> a", "ARGS='b c'")
    assert done.stdout.splitlines()[-1] == "<a><b><c>"


def test_the_hook_may_do_a_job_and_end(tmp_path: Path) -> None:
    done = started(tmp_path, "printf service", "echo job; exit 0")
    assert (done.returncode, done.stdout) == (0, "job\n")


@pytest.mark.parametrize("hook", ["false | true", 'echo "${UNSET}"', "false"])
def test_a_mistake_in_the_hook_stops_the_start(tmp_path: Path, hook: str) -> None:
    done = started(tmp_path, "printf service", hook)
    assert (done.returncode, done.stdout) == (1, "")


def test_the_hook_can_be_skipped(tmp_path: Path) -> None:
    done = started(tmp_path, "printf service", "echo job; exit 0", KOLLA_SKIP_EXTEND_START="")
    assert done.stdout.splitlines()[-1] == "service"


def test_a_command_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    assert started(tmp_path, "/no/such/program", ":").returncode == 127
