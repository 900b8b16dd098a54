"""The README's example does what it says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).parents[1]


def test_the_commands_of_the_readme_print_what_it_shows(tmp_path):
    heatsink = tmp_path / "bin" / "heatsink"
    heatsink.parent.mkdir()
    heatsink.write_text(f'#!/bin/sh\nexec {sys.executable} -m compiler "$@"\n')
    heatsink.chmod(0o755)
    shown = re.search(r"```console\n(.*?)```", (TOP / "README.md").read_text(), re.DOTALL)[1]
    path = f"{heatsink.parent}:{os.environ['PATH']}"
    environment = os.environ | {"PATH": path, "PYTHONPATH": str(TOP)}
    for command, output in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", shown, re.MULTILINE):
        done = subprocess.run(
            ["sh", "-c", f"{command} 2>&1"],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout == output
