"""No message, hint, help text, example or schema names a command or an option that does not exist."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from compiler.cli import cli, examples
from compiler.cli.groups import HABITS
from tests.support.command_lines import command_lines, mistake

PACKAGE = Path(__file__).parents[3] / "compiler"
FILES = sorted(
    str(path.relative_to(PACKAGE)) for pattern in ("*.py", "*.json") for path in PACKAGE.rglob(pattern)
)


def commands(context: click.Context) -> Iterator[click.Context]:
    yield context
    if isinstance(group := context.command, click.Group):
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            assert command is not None
            yield from commands(click.Context(command, info_name=name, parent=context))


COMMANDS = {
    context.command_path: context.command for context in commands(click.Context(cli, info_name="heatsink"))
}
OPTIONS = {
    option
    for command in COMMANDS.values()
    for parameter in command.get_params(click.Context(command))
    for option in parameter.opts
}


def texts(path: Path) -> Iterator[str]:
    """The strings of a file. Docstrings are help texts in `cli`, and explain code elsewhere."""
    if path.suffix == ".json":
        yield path.read_text(encoding="utf-8")
        return
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docstrings = set() if path.parent.name == "cli" else {id(node) for node in docstring_nodes(tree)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(part.value if isinstance(part, ast.Constant) else "N" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.value


def docstring_nodes(tree: ast.Module) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
            and ast.get_docstring(node) is not None
        ):
            yield node.body[0].value  # type: ignore[attr-defined]


def unknown(text: str) -> list[str]:
    lines = [f"{' '.join(words)}: {wrong}" for words in command_lines(text) if (wrong := mistake(words))]
    named = re.findall(r"`(--[a-z][a-z-]+)", text)
    return lines + [option for option in named if option not in OPTIONS]


@pytest.mark.parametrize("file", FILES)
def test_commands_and_options_that_a_file_names_exist(file: str) -> None:
    assert [wrong for text in texts(PACKAGE / file) for wrong in unknown(text)] == []


def test_what_does_not_exist_is_found() -> None:
    assert unknown("run `heatsink hosts init`, or pass `--hostz`") == [
        "hosts init: no command hosts",
        "--hostz",
    ]


@pytest.mark.parametrize("path", [path for path, it in COMMANDS.items() if not isinstance(it, click.Group)])
def test_every_command_has_examples_that_are_right(path: str) -> None:
    lines = [example.line for example in examples.of(path)]
    assert lines
    assert [mistake(words) for line in lines for words in command_lines(f"`{line}`")] == [None] * len(lines)


def test_every_example_is_of_a_command() -> None:
    assert examples._EXAMPLES.keys() <= COMMANDS.keys()


@pytest.mark.parametrize("habit", HABITS)
def test_a_habit_leads_to_a_command(habit: str) -> None:
    assert mistake(HABITS[habit].split()) is None
