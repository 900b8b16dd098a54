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


def test_the_commands_of_the_readme_print_what_it_shows(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    heatsink = tmp_path / "bin" / "heatsink"
    heatsink.parent.mkdir()
    heatsink.write_text(f'#!/bin/sh\nexec {sys.executable} -m compiler "$@"\n')
    heatsink.chmod(0o755)
    text = README.read_text()
    shown = CONSOLE.search(text)[0]
    printed = "".join(
        f"$ {command}\n{output(command, tmp_path)}" for command in re.findall(r"^\$ (.*)$", shown, re.M)
    )
    if request.config.getoption("--update-golden"):
        README.write_text(text.replace(shown, printed))
    else:
        assert shown == printed


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
