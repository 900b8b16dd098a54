"""The file of secrets: values by name, for its owner's eyes only. No error shows a line of it."""

from __future__ import annotations

import stat
from pathlib import Path

from compiler import files, schemas
from compiler.diagnostics import HeatsinkError
from compiler.node import expect_mapping, plain
from compiler.node.yaml import parse


def read_secrets(path: Path) -> dict[str, str]:
    """Name → value; nothing if there is no such file, or nothing in it.

    The file is a flat mapping `name: value`. Raises HeatsinkError if it is not, or if others can read it.
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


def _check_private(path: Path) -> None:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise HeatsinkError(
            f"`{files.short_name(path)}` can be read by others (mode {mode:04o})",
            hint=f"run `chmod 600 {files.short_name(path)}`, and change the secrets if others saw them",
        )
