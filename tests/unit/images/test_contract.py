"""The contract of Kolla's images, by scenarios that are carried out by heatsink's program and by Kolla's.

Kolla's comes from its source package and is not kept; what differs is in docs/kolla.md.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from tests.support.contract import Program, Scenario, carried_out, expected
from tests.support.contract_scenarios import SCENARIOS
from tests.support.set_configs import PACKAGE, PROGRAM

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root: it changes the root of the file system"),
    pytest.mark.slow,
]

HEATSINK = Program("heatsink", PROGRAM, PACKAGE.parent)
MEMBER = "kolla/docker/base/set_configs.py"


@pytest.fixture(scope="module")
def kolla(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """Kolla's program, from its newest source package."""
    folder = tmp_path_factory.mktemp("kolla")
    fetch = (sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary=:all:", "kolla")
    done = subprocess.run((*fetch, f"--dest={folder}"), capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"Kolla's source package cannot be fetched: {done.stderr.strip()[-200:]}")
    (package,) = folder.glob("kolla-*.tar.gz")
    with tarfile.open(package) as archive:
        member = next(member for member in archive if member.name.endswith(MEMBER))
        member.name = "set_configs.py"
        archive.extract(member, folder, filter="data")
    return Program("kolla", folder / "set_configs.py")


def names(scenario: Scenario) -> str:
    return scenario.name


@pytest.mark.parametrize("scenario", SCENARIOS, ids=names)
def test_a_container_is_configured_as_the_contract_says(scenario: Scenario, tmp_path: Path) -> None:
    result = carried_out(scenario, HEATSINK, tmp_path)
    assert result == expected(scenario, HEATSINK) | {"said": result["said"]}


@pytest.mark.long
@pytest.mark.parametrize("scenario", SCENARIOS, ids=names)
def test_kolla_itself_does_what_the_contract_says(scenario: Scenario, kolla: Program, tmp_path: Path) -> None:
    result = carried_out(scenario, kolla, tmp_path)
    assert result == expected(scenario, kolla) | {"said": result["said"]}
