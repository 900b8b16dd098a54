"""What commands print: data and tables to stdout; notes, warnings and errors to stderr."""

from __future__ import annotations

import json
import logging
import os
import platform
import re
import sys
import traceback
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, NamedTuple

import click

from compiler import __version__
from compiler.diagnostics import HeatsinkError, Problem, Report

LOG = logging.getLogger("heatsink")  # all that is printed, for a file (log.py), whatever the options are
LOG.setLevel(logging.INFO)
LOG.propagate = False
LOG.addHandler(logging.NullHandler())

_STYLES: dict[str, dict[str, Any]] = {
    "error:": {"fg": "red", "bold": True},
    "warning:": {"fg": "yellow", "bold": True},
    "hint:": {"fg": "cyan", "bold": True},
}
_LABEL = re.compile(r"^(error:|warning:|hint:)", re.M)
_CARETS = re.compile(r"^( +\| +)(\^+)$", re.M)


@dataclass(slots=True)
class OutputOptions:
    """How much a command prints, and for whom: one for each command line, in the meta data of click."""

    quiet: bool = False
    verbose: bool = False
    debug: bool = False
    as_json: bool = False


def output_options() -> OutputOptions:
    """The options of the command line that is running."""
    context = click.get_current_context(silent=True)
    if context is None:
        return OutputOptions()
    options = context.meta.setdefault(__name__, OutputOptions())
    assert isinstance(options, OutputOptions)
    return options


def note(text: str) -> None:
    """Print what a command does or has done, unless it is to be quiet."""
    LOG.info(text)
    if not output_options().quiet:
        click.echo(text, err=True)


def detail(text: str) -> None:
    """Print what is only for those who ask for more."""
    LOG.info(text)
    if output_options().verbose:
        click.echo(text, err=True)


def show_warnings(report: Report) -> None:
    """Print every warning, a blank line after each."""
    for warning in report.warnings:
        click.echo(coloured(warning.render("warning")) + "\n", err=True)


def show_problems(problems: Iterable[Problem], label: str = "error") -> None:
    """Print problems, a blank line between them."""
    if text := rendered(problems, label):
        LOG.info(text)
        click.echo(coloured(text), err=True)


def rendered(problems: Iterable[Problem], label: str = "error") -> str:
    """Problems as text, a blank line between them."""
    return "\n\n".join(problem.render(label) for problem in problems)


def left_problem(host: str) -> Problem:
    """A host that left the hosts file: nothing is pushed to it any more, and what it has still runs."""
    return Problem(
        f"host `{host}` has left the hosts file, and still runs what was pushed to it",
        hint=f"remove that with `heatsink remove --host {host}`, or put the host back",
    )


def show_error(error: HeatsinkError) -> None:
    """Print all problems of an error that ends a command: as JSON if that is what it prints."""
    options = output_options()
    if options.debug:
        traceback.print_exception(error)
    if options.as_json:
        LOG.info(rendered(error.problems))
        click.echo(json.dumps({"errors": problems_as_json(error.problems)}, indent=1))
    else:
        show_problems(error.problems)


def problems_as_json(problems: Iterable[Problem]) -> list[dict[str, object]]:
    """The one form of errors and warnings in JSON; what a problem lacks is null."""
    return [
        {
            "message": problem.message,
            "file": problem.span and problem.span.source.name,
            "line": problem.span and problem.span.line,
            "column": problem.span and problem.span.column,
            "hint": problem.hint,
        }
        for problem in problems
    ]


def coloured(text: str) -> str:
    """The text of problems with coloured labels and carets, which click removes in files and pipes."""
    labelled = _LABEL.sub(lambda match: click.style(match[0], **_STYLES[match[0]]), text)
    return _CARETS.sub(lambda match: match[1] + click.style(match[2], fg="red"), labelled)


def has_colours() -> bool:
    """Whether a terminal may be sent colours at all (https://no-color.org)."""
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


class Cell(NamedTuple):
    """A cell of a table, with its colour on a terminal."""

    text: str
    style: str = ""


def show_table(columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    """Print a table: aligned on a terminal; in a pipe, one line for each row with tabs between the cells."""
    if not sys.stdout.isatty():
        for line in (columns, *([cell.text for cell in row] for row in rows)):
            click.echo("\t".join(line))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*(Text(cell.text, cell.style) for cell in row))
    Console().print(table)


def show_bug(_kind: type[BaseException], bug: BaseException, _trace: TracebackType | None) -> None:
    """A `sys.excepthook`: what a bug in heatsink looks like without `--debug`."""
    summary = "".join(traceback.format_exception_only(bug)).strip()
    hint = "this is a bug in heatsink: run the command again with `--debug`, and report what it prints"
    show_problems((Problem(f"internal error: {summary}", hint=hint),))


def versions() -> str:
    """What a report of a bug needs to name."""
    return f"heatsink {__version__}, Python {platform.python_version()}, {platform.platform()}"
