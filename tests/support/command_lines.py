"""Command lines in texts, and what is wrong with them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import takewhile

import click

from compiler.cli import cli

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
    if not command.context_settings.get("allow_interspersed_args", True):
        words = list(takewhile(lambda word: word.startswith("-"), words))  # the rest is another command
    options = {option for parameter in command.params for option in parameter.opts}
    unknown = [word for word in words if re.fullmatch(r"--?[a-z][a-z-]*", word, re.I) and word not in options]
    return f"{command.name} has no {unknown}" if unknown else None
