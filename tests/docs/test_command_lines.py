"""Every `heatsink …` that a page shows is a command that exists, with options that it has."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from compiler.cli import cli

ROOT = Path(__file__).parents[2]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("docs/*.md"))]
PAGES.remove(ROOT / "docs" / "commands.md")  # made from click
LINE = re.compile(r"(?:^(?: {4,}|\$ )(?:\S*/)?|`)heatsink ([^`\n]+)", re.M)
PLACEHOLDERS = {"COMMAND", "…"}


def command_lines(text: str) -> Iterator[list[str]]:
    """The words behind `heatsink`, up to a comment or the explanation beside the command."""
    for line in LINE.findall(re.sub(r"\\\n\s+", "", text)):
        yield re.findall(r"[^\s\[\]]+", re.split(r"\s{2,}|\s#", line)[0])


def mistake(words: list[str]) -> str | None:
    """What is wrong with a command line, if anything is."""
    command: click.Command = cli
    context = click.Context(cli)
    while isinstance(command, click.Group) and words and words[0] not in PLACEHOLDERS:
        if words[0] in ("-h", "--help", "--version"):
            return None
        name, *words = words
        found = command.get_command(context, name)
        if found is None:
            return f"no command {name}"
        command = found
    options = {option for parameter in command.params for option in parameter.opts}
    unknown = [word for word in words if re.fullmatch(r"--?[a-z][a-z-]*", word, re.I) and word not in options]
    return f"{command.name} has no {unknown}" if unknown else None


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
