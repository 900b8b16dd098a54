"""What hosts do at the moment: on a terminal one line for each, elsewhere a line for each message."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from compiler.cli.output import output_options

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.live import Live


@contextmanager
def progress_shown() -> Iterator[Callable[[str, str], None]]:
    """Show progress: what is yielded is called with a host and what it does."""
    if not is_live():
        yield _nothing if output_options().quiet else _new_lines()
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    activities: dict[str, str] = {}

    def table() -> Table:
        grid = Table.grid(padding=(0, 2))
        for host, text in list(activities.items()):
            grid.add_row(Text(host), Text(text))
        return grid

    with live_shown(table, Console(stderr=True)):
        yield activities.__setitem__


def is_live() -> bool:
    """Whether progress is shown on a terminal."""
    return not output_options().quiet and sys.stderr.isatty()


@contextmanager
def live_shown(renderable: Callable[[], RenderableType], console: Console) -> Iterator[None]:
    """Show what a function returns, again and again, below all that is printed meanwhile."""
    from rich.live import Live

    with Live(console=console, get_renderable=renderable, transient=True) as live:
        click.get_current_context().meta[__name__] = live
        yield


@contextmanager
def progress_paused() -> Iterator[None]:
    """Show no progress meanwhile: the terminal belongs to a question."""
    live: Live | None = click.get_current_context().meta.get(__name__)
    if live:
        live.stop()
    yield
    if live:
        live.start()


def _new_lines() -> Callable[[str, str], None]:
    """Print a line for each new progress of a host; repetitions are left out."""
    last: dict[str, str] = {}

    def print_if_new(host: str, text: str) -> None:
        if text not in ("connecting", last.get(host)):
            click.echo(f"{host}: {text}", err=True)
        last[host] = text

    return print_if_new


def _nothing(_host: str, _text: str) -> None:
    """Print no progress."""
