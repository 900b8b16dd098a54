"""A whole, unmodified upstream tree gives what real Heat makes of it."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path

import pytest

from tests.support.operator import heatsink

TOP = Path(__file__).parents[3]
SHARED = TOP.parent / "shared" / "tht"
ENVIRONMENTS = ("overcloud-resource-registry-puppet.yaml", "env.yaml")
# RoleData of all five roles, as JSON with sorted keys, of the commits that docs/tripleo.md names
ROLE_DATA = {
    "THT_MASTER": "66cd83fb63af41d72ed1b627b000d42a951b0f45a931b5466bf37790d896d5e0",
    "THT_TRAIN": "b9373f3f22a975dcfa759bafed6408d9b5c447f7a81e395bd25517a471241e47",
}


@pytest.fixture(scope="module", params=ROLE_DATA)
def tree(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """The variable that names an upstream tree, and the tree rendered, with an environment for it."""
    variable = request.param
    if variable not in os.environ:
        pytest.skip(f"{variable} names no tree of tripleo-heat-templates")
    if not SHARED.is_dir():
        pytest.skip("no ../shared/tht lies beside the project")
    folder = tmp_path_factory.mktemp(variable.lower())
    assert heatsink(folder, f"render {Path(os.environ[variable]).resolve()} -o tree") == 0
    shutil.copy(SHARED / "env.yaml", folder / "tree")
    return variable, folder / "tree"


def test_role_data_is_that_of_heat(tree: tuple[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    variable, folder = tree
    assert heatsink(folder, f"resolve overcloud.yaml {options()} --output RoleData") == 0
    found = json.dumps(json.loads(capsys.readouterr().out), sort_keys=True)
    assert hashlib.sha256(found.encode()).hexdigest() == ROLE_DATA[variable]


def test_each_service_alone_is_that_of_heat(
    tree: tuple[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    variable, folder = tree
    cases = sorted((SHARED / variable.removeprefix("THT_").lower()).glob("*.json"))
    if not cases:
        pytest.skip(f"no answers of Heat for services of {variable}")
    properties = SHARED / "service_properties.json"
    for path in cases:
        case = json.loads(path.read_text(encoding="utf-8"))
        line = f"resolve {case['template']} {options()} --properties {properties} --output role_data"
        assert heatsink(folder, line) == 0, capsys.readouterr().err
        assert json.loads(capsys.readouterr().out) == case["role_data"], path.name


def options() -> str:
    return " ".join(f"-e {name}" for name in ENVIRONMENTS)
