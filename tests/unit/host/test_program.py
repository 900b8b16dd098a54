"""What the host program promises: an old Python's syntax, a small part of its library, one zip file."""

from __future__ import annotations

import ast
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from compiler.deploy.program import program
from tests.support.imports import imported

ROOT = Path(__file__).parents[3]
MODULES = sorted((ROOT / "compiler/host").glob("*.py"))

# All of it is in Debian 13's python3-minimal; Debian 12's lacks `json`, which its `python3` has.
LIBRARY = {
    "__future__", "collections", "contextlib", "dataclasses", "errno", "fcntl", "grp", "hashlib", "io",
    "json", "os", "pathlib", "pwd", "re", "select", "signal", "socket", "stat", "subprocess", "sys", "time",
    "typing", "urllib", "zlib",
}  # fmt: skip


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_a_module_is_python_3_9_and_needs_little_of_its_library(path: Path) -> None:
    tree = ast.parse(path.read_bytes(), feature_version=(3, 9))
    assert set(imported(tree)) - LIBRARY == set()


def test_the_program_is_the_same_wherever_it_is_packed(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "compiler", tmp_path / "compiler")
    for path in (tmp_path / "compiler/host").iterdir():
        os.utime(path, (0, 0))
    code = "import sys; from compiler.deploy.program import program; sys.stdout.buffer.write(program()[1])"
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo"}
    command = (sys.executable, "-c", code)
    done = subprocess.run(command, cwd=tmp_path, env=environment, check=True, stdout=-1)
    assert done.stdout == program()[1]


def test_its_first_line_says_its_hash_and_python_runs_it(tmp_path: Path) -> None:
    digest, content = program()
    path = tmp_path / "host"
    path.write_bytes(content)
    assert content.startswith(f"# {digest}\n".encode())
    done = subprocess.run((sys.executable, "-IBS", path), stdin=subprocess.DEVNULL, check=False)
    assert done.returncode == 2  # nobody asked for anything


def test_its_hash_changes_with_any_of_its_modules(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "compiler", tmp_path / "compiler")
    with (tmp_path / "compiler/host/layout.py").open("a") as file:
        file.write("# changed\n")
    code = "from compiler.deploy.program import program; print(program()[0])"
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    command = (sys.executable, "-c", code)
    done = subprocess.run(command, cwd=tmp_path, env=environment, check=True, text=True, stdout=-1)
    assert len(done.stdout.strip()) == hashlib.sha256().digest_size * 2
    assert done.stdout.strip() != program()[0]
