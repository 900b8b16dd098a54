"""The command line in this process, which takes a third of the time of a new one."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TextIO
from unittest import mock

from compiler.cli import main


def run(
    arguments: Sequence[str], folder: Path, environment: Mapping[str, str], stdin: TextIO
) -> subprocess.CompletedProcess[str]:
    """What a command line printed, and its exit code. An exception that is none of an exit is raised."""
    out, err = io.StringIO(), io.StringIO()
    return subprocess.CompletedProcess(
        arguments, _code(arguments, folder, environment, stdin, out, err), out.getvalue(), err.getvalue()
    )


def printed(
    arguments: Sequence[str], folder: Path, environment: Mapping[str, str], stdin: TextIO
) -> tuple[int, str]:
    """The exit code, and stdout and stderr as a terminal shows them: as they come."""
    both = io.StringIO()
    code = _code(arguments, folder, environment, stdin, both, both)
    return code, both.getvalue()


def _code(
    arguments: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    stdin: TextIO,
    out: TextIO,
    err: TextIO,
) -> int:
    with (
        mock.patch.dict(os.environ, environment, clear=True),
        mock.patch.multiple(sys, stdin=stdin, excepthook=sys.excepthook),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        return exit_code(arguments, folder)


def exit_code(arguments: Sequence[str], folder: Path) -> int:
    """The exit code of a command line in a folder."""
    with contextlib.chdir(folder):
        try:
            main(arguments)
        except SystemExit as ended:
            return int(ended.code or 0)
    return 0
