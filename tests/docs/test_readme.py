"""The README's example does what it says; `--update-golden` writes what it really prints."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
README = TOP / "README.md"
CONSOLE = re.compile(r"(?<=```console\n).*?(?=```)", re.DOTALL)
FILE = re.compile(r"```yaml\n# (\S+)\n(.*?)```", re.DOTALL)


def test_the_commands_of_the_readme_print_what_it_shows(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    text = README.read_text(encoding="utf-8")
    shown = CONSOLE.search(text)
    assert shown is not None
    write_files(text[: shown.start()], tmp_path)
    heatsink = tmp_path / "bin" / "heatsink"
    heatsink.parent.mkdir()
    heatsink.write_text(f'#!/bin/sh\nexec {sys.executable} -m compiler "$@"\n')
    heatsink.chmod(0o755)
    commands = re.findall(r"^\$ (.*)$", shown[0], re.MULTILINE)
    printed = "".join(f"$ {command}\n{output(command, tmp_path)}" for command in commands)
    if request.config.getoption("--update-golden"):
        README.write_text(text.replace(shown[0], printed), encoding="utf-8")
    else:
        assert shown[0] == printed


def write_files(text: str, folder: Path) -> None:
    """The files that a text shows, each under the name in its first line."""
    for match in FILE.finditer(text):
        path = folder / match[1]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(match[0].removeprefix("```yaml\n").removesuffix("```"), encoding="utf-8")


def output(command: str, folder: Path) -> str:
    """What a shell command prints, `heatsink` being this tree's."""
    environment = os.environ | {"PATH": f"{folder}/bin:{os.environ['PATH']}", "PYTHONPATH": str(TOP)}
    done = subprocess.run(
        ["sh", "-c", f"{command} 2>&1"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout
