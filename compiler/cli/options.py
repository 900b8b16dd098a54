"""Options that several commands take."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from compiler.cli.completion import complete_environments
from compiler.model.inputs import Merge

_Decorated = TypeVar("_Decorated", bound=Callable[..., Any])
_FROM_DIRECTORIES = f"{__name__}.from_directories"

merge_option = click.option(
    "--merge", type=click.Choice([merge.value for merge in Merge]),
    default=Merge.SERVER.value, show_default=True,
    help="How environment files are merged: as Heat's server or its client does it.",
)  # fmt: skip


def environment_options(command: _Decorated) -> _Decorated:
    """Give a command the files of `-e` and of `--environment-directory` as its parameter `environments`."""
    path = click.Path(path_type=Path)
    options = (
        click.option(
            "-e", "--environment-file", "environments", type=path, multiple=True, metavar="ENV",
            callback=_after_directories, shell_complete=complete_environments,
            help="Environment file; later ones override earlier ones.",
        ),
        click.option(
            "--environment-directory", type=click.Path(path_type=Path, exists=True, file_okay=False),
            multiple=True, metavar="DIR", is_eager=True, expose_value=False, callback=_read_directories,
            help="Folder whose `*.yaml` files are environment files, sorted by name, before those of -e.",
        ),
    )  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


def _read_directories(
    context: click.Context, _parameter: click.Parameter, directories: tuple[Path, ...]
) -> None:
    context.meta[_FROM_DIRECTORIES] = tuple(
        path for directory in directories for path in sorted(directory.glob("*.yaml"))
    )


def _after_directories(
    context: click.Context, _parameter: click.Parameter, paths: tuple[Path, ...]
) -> tuple[Path, ...]:
    return (*context.meta.get(_FROM_DIRECTORIES, ()), *paths)
