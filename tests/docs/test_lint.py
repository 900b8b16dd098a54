"""docs/lint.md has a section for each rule of `heatsink lint`, its golden case as the example."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from compiler.heat.lint.rules import CODES
from tests.support.golden import GOLDEN

PAGE = Path(__file__).parents[2] / "docs" / "lint.md"
EXAMPLE = re.compile(r"^## (\S+)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
BLOCK = re.compile(r"```\w*\n(.*?)```", re.DOTALL)


def test_the_page_has_a_section_for_every_rule() -> None:
    assert sorted(code for code, _ in EXAMPLE.findall(PAGE.read_text(encoding="utf-8"))) == list(CODES)


@pytest.mark.parametrize(("code", "section"), EXAMPLE.findall(PAGE.read_text(encoding="utf-8")))
def test_the_examples_of_the_page_are_those_of_the_rules(code: str, section: str) -> None:
    names = ("fires.yaml", "fires.env.yaml", "expected.stdout")
    paths = [GOLDEN / "lint" / code / name for name in names]
    assert BLOCK.findall(section) == [path.read_text(encoding="utf-8") for path in paths if path.exists()]
