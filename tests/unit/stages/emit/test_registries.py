"""The settings of registries of a golden bundle, as podman reads them in the home folder of a pull."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from compiler.host import layout
from tests.support.golden import GOLDEN

HOME = GOLDEN / "compile/hosts-log-in-to-registries/expected/hosts/localhost/root" / layout.REGISTRIES[1:]


@pytest.mark.skipif(not shutil.which("podman"), reason="needs apt-get install podman")
def test_podman_takes_mirrors_and_registries_without_tls_from_the_home_folder(tmp_path: Path) -> None:
    home = shutil.copytree(HOME, tmp_path / "home")
    command = ("podman", "info", "--format", "{{json .Registries}}")
    done = subprocess.run(command, env={**os.environ, "HOME": str(home)}, check=True, capture_output=True)
    registries = json.loads(done.stdout)
    mirrors = [(mirror["Location"], mirror["Insecure"]) for mirror in registries["docker.io"]["Mirrors"]]
    assert mirrors == [("mirror.example", False), ("plain.example:5000", True)]
    assert registries["plain.example:5000"]["Insecure"]
