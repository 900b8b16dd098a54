"""Running command lines in copies of an operator's folder."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path

from tests.support.golden import GOLDEN
from tests.support.in_process import exit_code

SMALLEST = GOLDEN / "operator"
EXPECTED = ("command", "expected", "expected.stderr", "expected.stdout")


def operator_folder(folder: Path, case: Path = SMALLEST) -> Path:
    """The smallest folder that compiles with a case's input over it.

    Modes do not depend on how the project was checked out: secrets.yaml is private, all else is not.
    """
    shutil.copytree(SMALLEST, folder, dirs_exist_ok=True)
    shutil.copytree(case, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns(*EXPECTED))
    for path in filter(Path.is_file, folder.rglob("*")):
        path.chmod(0o600 if path.name == "secrets.yaml" else 0o644)
    return folder


def heatsink(folder: Path, command: str) -> int:
    """The exit code of a command line in a folder."""
    return exit_code(shlex.split(command), folder)


def contents(folder: Path) -> dict[str, bytes]:
    """Path → content of every file."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
