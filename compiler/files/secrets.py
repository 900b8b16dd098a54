"""The secrets file: values by name, readable by its owner only. No error shows a line of it."""

from __future__ import annotations

import fcntl
import os
import secrets
import stat
import string
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from compiler import files, schemas
from compiler.diagnostics import HeatsinkError, reason
from compiler.files.writing import replace_file
from compiler.node import expect_mapping, plain
from compiler.node.yaml import parse

NAME = "secrets.yaml"
LENGTH = 40
_ALPHABET = string.ascii_letters + string.digits
_HEADER = "# Values of secrets, by name. Keep this file: without it a push generates new ones.\n"


def read_secrets(path: Path) -> dict[str, str]:
    """Name → value; empty if there is no such file, or nothing in it.

    The file is a flat mapping `name: value`. Raises HeatsinkError if not, or if other users can read it.
    """
    if not path.exists():
        return {}
    _check_private(path)
    source = files.read(path)
    try:
        node = parse(source)
        if node is None:
            return {}
        schemas.check(expect_mapping(node, "a secrets file"), "secrets")
    except HeatsinkError as error:
        raise error.without_text() from None
    values = plain(node)
    assert isinstance(values, dict)
    return {name: str(value) for name, value in values.items()}


def new_values(names: Iterable[str]) -> dict[str, str]:
    """A new value for each name: 40 letters and digits, which need no quoting anywhere."""
    return {name: "".join(secrets.choice(_ALPHABET) for _ in range(LENGTH)) for name in sorted(names)}


class AddedMeanwhileError(HeatsinkError):
    """Another command has written a value first."""


def add_secrets(path: Path, values: Mapping[str, str]) -> None:
    """Append values to the file, which only its owner can read (0600).

    Raises AddedMeanwhileError, and writes nothing, if it has one of the names by now.
    """
    with _locked(path.parent):
        if taken := sorted(values.keys() & read_secrets(path).keys()):
            raise AddedMeanwhileError(
                f"another command has written `{taken[0]}` to `{path}` in the meantime",
                hint="run the command again",
            )
        _append(path, values)


def _check_private(path: Path) -> None:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise HeatsinkError(
            f"`{files.short_name(path)}` is readable by other users (mode {mode:04o})",
            hint=f"run `chmod 600 {files.short_name(path)}`, and change the secrets if others saw them",
        )


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Keep other commands from writing secrets in a folder."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise HeatsinkError(f"`{folder}` cannot be read: {reason(error)}") from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _append(path: Path, values: Mapping[str, str]) -> None:
    before = path.read_text(encoding="utf-8") if path.exists() else _HEADER
    if not before.endswith("\n"):
        before += "\n"
    # Quoted, because forty digits would be a number.
    lines = "".join(f'{name}: "{value}"\n' for name, value in values.items())
    try:
        replace_file(path, (before + lines).encode(), 0o600, durable=True)
    except OSError as error:
        raise HeatsinkError(f"`{path}` cannot be written: {reason(error)}") from None
