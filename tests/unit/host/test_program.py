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

from compiler.deploy.program import program, program_hash
from tests.support.imports import imported

ROOT = Path(__file__).parents[3]
MODULES = sorted(
    path for package in ("host", "courier") for path in (ROOT / "compiler" / package).glob("*.py")
)

# All of it is in Debian 13's python3-minimal; Debian 12's lacks `json`, which its `python3` has.
LIBRARY = {
    "__future__", "binascii", "collections", "contextlib", "errno", "fcntl", "functools", "gc", "grp",
    "hashlib", "importlib", "io", "itertools", "json", "marshal", "os", "pathlib", "pwd", "re", "select",
    "signal", "socket", "stat", "struct", "subprocess", "sys", "time", "types", "typing", "urllib",
    "zipimport", "zlib",
}  # fmt: skip


@pytest.mark.parametrize("path", MODULES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_module_is_python_3_9_and_needs_little_of_its_library(path: Path) -> None:
    tree = ast.parse(path.read_bytes(), feature_version=(3, 9))
    assert set(imported(tree)) - LIBRARY == set()


def test_a_start_imports_nothing_that_is_slow_to_import() -> None:
    code = f"import sys; sys.path.insert(0, '{ROOT}'); import compiler.host.__main__; print(*sys.modules)"
    done = subprocess.run((sys.executable, "-IBS", "-c", code), check=True, text=True, stdout=-1)
    assert {"dataclasses", "inspect", "socket"} & set(done.stdout.split()) == set()


def test_the_program_is_the_same_wherever_it_is_packed(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "compiler", tmp_path / "compiler")
    for path in (tmp_path / "compiler/host").iterdir():
        os.utime(path, (0, 0))
    code = "import sys; from compiler.deploy.program import program; sys.stdout.buffer.write(program())"
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo"}
    command = (sys.executable, "-c", code)
    done = subprocess.run(command, cwd=tmp_path, env=environment, check=True, stdout=-1)
    assert done.stdout == program()


def test_its_first_line_says_its_hash_and_python_runs_it(tmp_path: Path) -> None:
    digest, content = program_hash(), program()
    path = tmp_path / "host"
    path.write_bytes(content)
    assert content.startswith(f"# {digest}\n".encode())
    done = subprocess.run((sys.executable, "-IBS", path), stdin=subprocess.DEVNULL, check=False)
    assert done.returncode == 2  # nobody asked for anything


def test_its_hash_changes_with_any_of_its_modules(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "compiler", tmp_path / "compiler")
    with (tmp_path / "compiler/host/layout.py").open("a") as file:
        file.write("# changed\n")
    code = "from compiler.deploy.program import program_hash; print(program_hash())"
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    command = (sys.executable, "-c", code)
    done = subprocess.run(command, cwd=tmp_path, env=environment, check=True, text=True, stdout=-1)
    assert len(done.stdout.strip()) == hashlib.sha256().digest_size * 2
    assert done.stdout.strip() != program_hash()


def _started(program: Path) -> int:
    """The exit status of the program when nobody asks for anything."""
    return subprocess.run((sys.executable, "-IBS", program), stdin=subprocess.DEVNULL, check=False).returncode


def _left_by_a_start(folder: Path) -> tuple[Path, Path]:
    """A program and the bytecode that its first start has left."""
    path = folder / "host"
    path.write_bytes(program())
    _started(path)
    return path, folder / "host.bytecode"


def test_a_start_runs_the_bytecode_that_the_one_before_has_left(tmp_path: Path) -> None:
    path, bytecode = _left_by_a_start(tmp_path)
    before = bytecode.stat().st_ino
    assert (_started(path), bytecode.stat().st_ino) == (2, before)


@pytest.mark.parametrize("damage", [b"", b"cut", bytes(1 << 16)], ids=["empty", "cut short", "zeros"])
def test_damaged_bytecode_is_replaced_not_run(damage: bytes, tmp_path: Path) -> None:
    path, bytecode = _left_by_a_start(tmp_path)
    whole = bytecode.read_bytes()
    bytecode.write_bytes(damage)
    assert (_started(path), bytecode.read_bytes()) == (2, whole)


def test_bytecode_of_another_program_is_replaced(tmp_path: Path) -> None:
    path, bytecode = _left_by_a_start(tmp_path)
    before = bytecode.read_bytes()
    path.write_bytes(program().replace(b"# ", b"#  ", 1))
    assert (_started(path), bytecode.read_bytes() == before) == (2, False)
