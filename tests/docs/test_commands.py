"""docs/commands.md says what `--help` says; `--update-golden` writes all but what follows `<!-- more -->`."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from compiler.cli import cli, examples
from compiler.cli.command import grouped_options

PAGE = Path(__file__).parents[2] / "docs" / "commands.md"
MORE = "<!-- more -->\n\n"


def contexts(context: click.Context) -> Iterator[click.Context]:
    """Every command with something to say, in the order of `--help`."""
    group = context.command
    if not isinstance(group, click.Group) or (group.params and context.parent):
        yield context
    if isinstance(group, click.Group):
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            assert command is not None
            yield from contexts(click.Context(command, info_name=name, parent=context))


def section(context: click.Context, more: str) -> str:
    usage = " ".join([context.command_path, *context.command.collect_usage_pieces(context)])
    parts = [f"## {context.command_path}", f"    {usage}", help_text(context.command), *options(context)]
    parts += example_block(context)
    if more:
        parts.append(MORE + more.rstrip())
    return "\n\n".join(parts) + "\n"


def help_text(command: click.Command) -> str:
    return inspect.cleandoc(command.help or "")


def options(context: click.Context) -> Iterator[str]:
    """The table of options, if there are any."""
    rows = [
        row(*record)
        for title, records in grouped_options(context.command, context)
        if title != "General"  # the page has them once
        for record in records
    ]
    if rows:
        yield "\n".join(["| option | |", "|---|---|", *rows])


def example_block(context: click.Context) -> list[str]:
    lines = examples.of(context.command_path)
    return ["\n".join(f"    {example.line}  # {example.meaning}" for example in lines)] if lines else []


def row(option: str, description: str) -> str:
    described = re.sub(r" *\[([^\[\]]*)\]$", r" (\1)", description).strip()
    return f"| {code(option)} | {described} |"


def code(text: str) -> str:
    """Code in a table. Not all Markdown reads `\\|` as a bar there."""
    return f"<code>{text.replace('|', '&#124;')}</code>" if "|" in text else f"`{text}`"


def test_the_page_says_what_help_says(request: pytest.FixtureRequest) -> None:
    text = PAGE.read_text(encoding="utf-8")
    introduction, *written = re.split(r"^(?=## heatsink )", text, flags=re.M)
    more = {part.splitlines()[0]: part.partition(MORE)[2] for part in written}
    sections = [
        section(context, more.get(f"## {context.command_path}", ""))
        for context in contexts(click.Context(cli, info_name="heatsink", **cli.context_settings))
    ]
    page = introduction + "\n".join(sections)
    if request.config.getoption("--update-golden"):
        PAGE.write_text(page, encoding="utf-8")
    else:
        assert text == page
