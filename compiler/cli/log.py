"""The log of a command that changes hosts: what it printed and what hosts were doing, with times.

Every line is written at once, so that the log is complete whatever ends the command.
"""

from __future__ import annotations

import getpass
import logging
import os
import shlex
import socket
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from io import TextIOWrapper
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

import click

from compiler.cli.output import LOG, detail, note, show_problems, versions
from compiler.diagnostics import Problem, reason

if TYPE_CHECKING:
    from compiler.deploy.activation import PushOptions
    from compiler.model.fleet import FleetHost

KEPT = 100  # files
ARGUMENTS = f"{__name__}.arguments"  # the key of the command line in the meta data of click
_PATH = f"{__name__}.path"


def keep_log(options: PushOptions, hosts: Sequence[FleetHost]) -> None:
    """Begin the log of the command that is running; where that is not possible, warn."""
    context = click.get_current_context()
    path = _folder() / f"{datetime.now(UTC):%Y%m%dT%H%M%S.%f}-{context.info_name}.log"
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        LOG.addHandler(LogFile(path))
        _delete_old(path.parent)
    except OSError as error:
        _warn(path, error)
        return
    context.meta[_PATH] = path
    for line in _head(context.meta[ARGUMENTS], options, hosts):
        LOG.info(line)
    detail(f"log: {path}")


def _folder() -> Path:
    """The folder of logs (https://specifications.freedesktop.org/basedir-spec/)."""
    state = Path(os.environ.get("XDG_STATE_HOME", ""))
    return (state if state.is_absolute() else Path("~/.local/state").expanduser()) / "heatsink/log"


def _delete_old(folder: Path) -> None:
    for path in sorted(folder.glob("*.log"))[:-KEPT]:
        path.unlink(missing_ok=True)


def _head(arguments: Sequence[str], options: PushOptions, hosts: Sequence[FleetHost]) -> Iterator[str]:
    yield shlex.join(("heatsink", *arguments))
    yield versions()
    yield f"{getpass.getuser()} on {socket.gethostname()}, in {Path.cwd()}"
    commit, project = options.source or "unknown", options.project or "unnamed"
    yield f"change {options.name}, commit {commit}, project {project}"
    yield f"hosts: {', '.join(host.name for host in hosts)}"


def _warn(path: Path, error: OSError) -> None:
    show_problems((Problem(f"the log `{path}` cannot be written: {reason(error)}"),), "warning")


class LogFile(logging.FileHandler):
    """A new file for its owner alone. When it cannot be written any more, the command goes on without it."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, "w")
        self.setFormatter(_Lines())

    def _open(self) -> TextIOWrapper:
        descriptor = os.open(self.baseFilename, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        return os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace")

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: ARG002, N802 - as logging calls it
        """Give the file up."""
        error = sys.exc_info()[1]
        self.end()
        if isinstance(error, OSError):
            _warn(Path(self.baseFilename), error)

    def end(self) -> None:
        """Write nothing more."""
        LOG.removeHandler(self)
        with suppress(OSError):  # of a disk that is full
            self.close()


class _Lines(logging.Formatter):
    """A time before each text, whose further lines are indented."""

    def format(self, record: logging.LogRecord) -> str:
        time = datetime.fromtimestamp(record.created).astimezone().isoformat(timespec="milliseconds")
        return f"{time} {record.getMessage()}".replace("\n", "\n  ")


class LogClosed:
    """Closes the log, if one was kept, with the end of the command; the end of an error names it."""

    def __enter__(self) -> None:
        """Nothing is kept yet."""

    def __exit__(
        self, _: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        path = click.get_current_context().meta.get(_PATH)
        if path is None:
            return
        LOG.info(_end(error))
        for handler in [each for each in LOG.handlers if isinstance(each, LogFile)]:
            handler.end()
        if error is not None and _code(error) != 0:
            note(f"log: {path}")


def _end(error: BaseException | None) -> str:
    if isinstance(error, KeyboardInterrupt | click.Abort):
        return "interrupted"
    code = 0 if error is None else _code(error)
    return f"exit code {code}" if code is not None else "".join(traceback.format_exception(error)).rstrip()


def _code(error: BaseException) -> int | str | None:
    """The exit code that an exception stands for; None if it is a bug."""
    if isinstance(error, SystemExit):
        return error.code or 0
    return error.exit_code if isinstance(error, click.exceptions.Exit) else None
