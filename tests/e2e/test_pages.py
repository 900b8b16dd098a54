"""Pages followed word by word on two nodes each; `--update-golden` writes what their commands print."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from compiler.lab import Lab
from compiler.lab.place import SUBNET
from tests.support.nodes import lab_of_tests
from tests.support.reader import ROOT, Reader

pytestmark = pytest.mark.lab

PAGES = ("tutorial.md", "own-tree.md")


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    with lab_of_tests(tmp_path / "lab", 5) as lab:
        yield lab
    shutil.rmtree(lab.state)  # with the registry's images


@pytest.fixture
def reader(lab: Lab, tmp_path: Path) -> Reader:
    environment = {"HEATSINK_LAB_STATE": str(lab.state), "HEATSINK_LAB_SUBNET": lab.subnet}
    return Reader(tmp_path, environment, {SUBNET: lab.subnet})


@pytest.mark.parametrize("name", PAGES)
def test_a_page_prints_what_it_shows(name: str, reader: Reader, request: pytest.FixtureRequest) -> None:
    path = ROOT / "docs" / name
    page = path.read_text(encoding="utf-8")
    followed = reader.followed(page)
    if request.config.getoption("--update-golden"):
        path.write_text(followed, encoding="utf-8")
    else:
        assert followed == page
