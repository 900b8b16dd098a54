"""Commands: the options that all of them take, help with groups of options, and examples."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import click

from compiler.cli import examples
from compiler.cli.output import output_options, versions

_SECTIONS = {
    "Selection": ("--all", "--role", "--host", "--profile", "--with-children"),
    "Input": (
        "--environment-file", "--environment-directory", "--roles-file", "--networks-file", "--hosts",
        "--templates", "--secrets", "--identity", "--images-lock", "--locked", "--build", "--images",
        "--profiles", "--template-override", "--properties", "-P",
    ),
    "Connection": ("--known-hosts", "--accept-new-host-keys", "--parallel"),
    "Output": ("--output", "--check", "--diff", "--json"),
    "General": ("--quiet", "--verbose", "--debug", "--version", "--help"),
}  # fmt: skip
_SECTION_OF = {option: title for title, options in _SECTIONS.items() for option in options}
_ORDER = ("Selection", "Input", "Output", "Connection", "Options", "General")

# Options of other tools, and ours that do what their users look for.
_HABITS = {
    "--limit": "--host",
    "--inventory": "--hosts",
    "--diff": "--dry-run",
    "--forks": "--parallel",
    "--env": "--environment-file",
    "--environment": "--environment-file",
}
_EXTRA = re.compile(r"Got unexpected extra arguments? \((?:.* )?(\S+\.ya?ml)\)")  # as click says it


_Decorated = TypeVar("_Decorated", bound=Callable[..., Any])


class Command(click.Command):
    """A command with the general options, whose help has groups of options and examples."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params.extend(general_options())

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            raise self._with_habit(error, ctx) from None
        except click.UsageError as error:
            raise self._with_environment(error, ctx) from None

    def _with_habit(self, error: click.NoSuchOption, ctx: click.Context) -> click.NoSuchOption:
        habit = _HABITS.get(error.option_name)
        if habit is None or not self._has(habit):
            return error
        message = f"No such option '{error.option_name}'. Did you mean '{habit}'?"
        return click.NoSuchOption(error.option_name, message, ctx=ctx)

    def _with_environment(self, error: click.UsageError, ctx: click.Context) -> click.UsageError:
        """The error, with a hint if an extra argument is the name of an environment file."""
        extra = _EXTRA.fullmatch(error.message)
        if extra is None or not self._has("--environment-file"):
            return error
        return click.UsageError(f"{error.message}. Did you mean '-e {extra[1]}'?", ctx=ctx)

    def _has(self, option: str) -> bool:
        return any(option in parameter.opts for parameter in self.params)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for title, records in grouped_options(self, ctx):
            with formatter.section(title if title == "Options" else f"{title} options"):
                formatter.write_dl(records)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        lines = examples.of(ctx.command_path)
        if lines:
            with formatter.section("Examples"):
                for example in lines:
                    formatter.write(f"{'':{formatter.current_indent}}# {example.meaning}\n")
                    formatter.write(f"{'':{formatter.current_indent}}{example.line}\n")


class PlanCommand(Command):
    """A command that can plan: exit code 2 says that something would change, so wrong usage ends with 1."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        plans = self.name in ("plan", "diff") or "--dry-run" in args
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            raise (WrongPlanError(error.format_message(), ctx) if plans else error) from None


class WrongPlanError(click.UsageError):
    """Wrong usage of a command that plans."""

    exit_code = 1


def grouped_options(
    command: click.Command, context: click.Context
) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Groups of options with the names and descriptions of their options, in the order of `--help`."""
    records: dict[str, list[tuple[str, str]]] = {}
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if record and isinstance(parameter, click.Option):
            records.setdefault(section(parameter), []).append(record)
    yield from ((title, records[title]) for title in _ORDER if title in records)


def section(parameter: click.Parameter) -> str:
    """The group of an option: `Input`, `Output`, …; `Options` for what only its command has."""
    return next((_SECTION_OF[name] for name in reversed(parameter.opts) if name in _SECTION_OF), "Options")


def general_options() -> Iterator[click.Option]:
    """The options that the program and every command take; each command needs its own."""
    yield _general("-q", "--quiet", help="Print errors, warnings and results only.")
    yield _general("-v", "--verbose", help="Print more, such as each input file.")
    yield _general("--debug", help="Print tracebacks and the log of the ssh library, for reports of bugs.")


def json_option(
    description: str = "Print JSON; errors too, to stdout.",
) -> Callable[[_Decorated], _Decorated]:
    """The option `--json`, the parameter `as_json` of a command."""
    return click.option("--json", "as_json", is_flag=True, callback=_remember, help=description)


def _general(*names: str, help: str) -> click.Option:  # noqa: A002 - as click calls it
    return click.Option(names, is_flag=True, expose_value=False, callback=_remember, help=help)


def _remember(_context: click.Context, parameter: click.Parameter, value: bool) -> bool:
    assert parameter.name is not None
    if value:
        options = output_options()
        setattr(options, parameter.name, True)
        if parameter.name == "debug":
            options.verbose = True
            sys.excepthook = sys.__excepthook__
            logging.basicConfig(level=logging.DEBUG, stream=sys.stderr)
            click.echo(versions(), err=True)
    return value
