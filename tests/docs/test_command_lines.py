"""Every `heatsink …` that a page shows is a command that exists, with options that it has."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.command_lines import command_lines, mistake

ROOT = Path(__file__).parents[2]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("docs/*.md"))]
PAGES.remove(ROOT / "docs" / "commands.md")  # made from click


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_commands_that_a_page_shows_exist(page: Path) -> None:
    found = {" ".join(words): mistake(words) for words in command_lines(page.read_text(encoding="utf-8"))}
    assert {line: what for line, what in found.items() if what} == {}


def test_a_command_line_that_is_wrong_is_found() -> None:
    text = "    heatsink lab up 3 --instal     boots\n`heatsink pish` and `heatsink compile --role Web`\n"
    assert [mistake(words) for words in command_lines(text)] == [
        "up has no ['--instal']",
        "no command pish",
        None,
    ]
