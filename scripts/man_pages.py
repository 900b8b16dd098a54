"""Man pages of the command line, made from its click commands: `scripts/man_pages.py FOLDER`.

Markup is that of man(7). What click prints for `--help` and what a page says come from the same place.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from compiler import __version__
from compiler.cli import cli, examples
from compiler.cli.command import grouped_options

_EXIT_STATUS = (
    ("0", "Success."),
    ("1", "An error, or a check failed: units that are not up, findings of lint, a bundle out of date."),
    ("2", "The command line is wrong."),
)
_ESCAPES = {"\\": "\\e", "-": "\\-", "~": "\\(ti", "^": "\\(ha", "'": "\\(aq"}


def pages() -> dict[str, str]:
    """File name, such as `heatsink-compile.1` -> text, for the program and each of its commands."""
    program = click.Context(cli, info_name="heatsink", **cli.context_settings)
    return {f"{_name(context)}.1": page(context) for context in contexts(program)}


def contexts(context: click.Context) -> Iterator[click.Context]:
    """A command and those below it, in the order in which `--help` lists them."""
    yield context
    for name, command in _subcommands(context):
        yield from contexts(click.Context(command, info_name=name, parent=context))


def page(context: click.Context) -> str:
    """The man page of one command."""
    return "".join(f"{line}\n" for line in _lines(context))


def _lines(context: click.Context) -> Iterator[str]:
    command, name = context.command, _name(context)
    yield f'.TH {_text(name.upper())} 1 "" "heatsink {__version__}" "heatsink manual"'
    yield ".SH NAME"
    yield f"{_text(name)} \\- {_text(command.get_short_help_str(limit=200).rstrip('.'))}"
    yield ".SH SYNOPSIS"
    yield f"\\fB{_text(context.command_path)}\\fR {_text(' '.join(command.collect_usage_pieces(context)))}"
    yield ".SH DESCRIPTION"
    yield from _paragraphs(command.help or "")
    yield from _options(context)
    yield from _list("COMMANDS", _commands(context))
    yield from _examples(context)
    yield from _list("EXIT STATUS", _EXIT_STATUS)
    yield ".SH SEE ALSO"
    yield ",\n".join(f"\\fB{_text(other)}\\fR(1)" for other in _related(context))


def _name(context: click.Context) -> str:
    return context.command_path.replace(" ", "-")


def _subcommands(context: click.Context) -> Iterator[tuple[str, click.Command]]:
    group = context.command
    if isinstance(group, click.Group):
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            assert command is not None
            yield name, command


def _options(context: click.Context) -> Iterator[str]:
    yield ".SH OPTIONS"
    for title, records in grouped_options(context.command, context):
        if title != "Options":
            yield f".SS {title} options"
        yield from _entries(records)


def _examples(context: click.Context) -> Iterator[str]:
    lines = examples.of(context.command_path)
    if lines:
        yield ".SH EXAMPLES"
    yield from _entries(
        (example.line, f"{example.meaning[0].upper()}{example.meaning[1:]}.") for example in lines
    )


def _commands(context: click.Context) -> Iterator[tuple[str, str]]:
    for name, command in _subcommands(context):
        yield name, f"{command.get_short_help_str(limit=200)} See {_name(context)}-{name}(1)."


def _related(context: click.Context) -> Iterator[str]:
    """The command above, and those beside or below."""
    above = context if context.parent is None else context.parent
    if above is not context:
        yield _name(above)
    for group in dict.fromkeys((above, context)):
        names = (f"{_name(group)}-{name}" for name, _ in _subcommands(group))
        yield from (name for name in names if name != _name(context))


def _list(title: str, items: Iterable[tuple[str, str]]) -> Iterator[str]:
    rows = list(items)
    if rows:
        yield f".SH {title}"
    yield from _entries(rows)


def _entries(items: Iterable[tuple[str, str]]) -> Iterator[str]:
    for term, description in items:
        yield ".TP"
        yield f"\\fB{_text(term)}\\fR"
        yield _text(description)


def _paragraphs(text: str) -> Iterator[str]:
    for paragraph in inspect.cleandoc(text).split("\n\n"):
        yield ".PP"
        yield _text(" ".join(paragraph.split()))


def _text(text: str) -> str:
    """Text that roff prints as it is; what stands in backticks in bold."""
    escaped = "".join(_ESCAPES.get(character, character) for character in text)
    bold = re.sub(r"`([^`]+)`", r"\\fB\1\\fR", escaped)
    return f"\\&{bold}" if bold.startswith(".") else bold


def write(folder: Path) -> None:
    """Write all pages into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
