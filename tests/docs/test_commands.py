"""docs/commands.md and the command line name the same commands and options."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click

from compiler.cli import cli

PAGE = Path(__file__).parents[2] / "docs" / "commands.md"


def commands(group: click.Group, above: str = "") -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from commands(command, f"{above}{name} ")
        else:
            yield f"{above}{name}", command


def test_the_page_names_every_command_with_every_option():
    sections = dict(re.findall(r"^## heatsink (.+?)\n(.*?)(?=^## |\Z)", PAGE.read_text(), re.M | re.S))
    wanted = {
        name: {option for parameter in command.params for option in parameter.opts if option.startswith("--")}
        for name, command in commands(cli)
    }
    shown = {name: set(re.findall(r"(?<=[` ])--[a-z-]+", text)) for name, text in sections.items()}
    assert sections.keys() == wanted.keys()
    assert {name: options - shown[name] for name, options in wanted.items() if options - shown[name]} == {}
