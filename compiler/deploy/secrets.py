"""The file of secrets: values by name, for its owner's eyes only."""

from __future__ import annotations

import fcntl
import os
import secrets
import string
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from compiler.diagnostics import HeatsinkError
from compiler.stages.load.secrets import read_secrets

LENGTH = 40
_ALPHABET = string.ascii_letters + string.digits
_HEADER = "# Values of secrets, by name. Keep this file: without it a push makes new ones.\n"


def generated(names: Iterable[str]) -> dict[str, str]:
    """New values: 40 letters and digits each, which need no quoting wherever they are put."""
    return {name: "".join(secrets.choice(_ALPHABET) for _ in range(LENGTH)) for name in sorted(names)}


class AddedMeanwhileError(HeatsinkError):
    """Another command gave a secret its value first."""


def add_secrets(path: Path, values: Mapping[str, str]) -> None:
    """Write further values behind what the file holds. The file is its owner's alone (0600).

    Raises AddedMeanwhileError, and writes nothing, if it holds one of the names by now.
    """
    with _alone(path.parent):
        if there := sorted(values.keys() & read_secrets(path).keys()):
            raise AddedMeanwhileError(
                f"another command wrote `{there[0]}` into `{path}` meanwhile", hint="run this again"
            )
        _append(path, values)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keeps other commands from writing secrets in a folder."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise HeatsinkError(f"`{folder}` cannot be read: {(error.strerror or str(error)).lower()}") from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _append(path: Path, values: Mapping[str, str]) -> None:
    before = path.read_text(encoding="utf-8") if path.exists() else _HEADER
    if not before.endswith("\n"):
        before += "\n"
    beside = path.with_name(f".{path.name}.new")
    beside.unlink(missing_ok=True)
    try:
        beside.touch(mode=0o600, exist_ok=False)
        with beside.open("w", encoding="utf-8") as file:
            # Quoted, as forty digits would be a number.
            file.write(before + "".join(f'{name}: "{value}"\n' for name, value in values.items()))
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        raise HeatsinkError(f"`{path}` cannot be written: {(error.strerror or str(error)).lower()}") from None
