"""The file of secrets: values by name, for its owner's eyes only."""

from __future__ import annotations

import os
import secrets
import string
from collections.abc import Iterable, Mapping
from pathlib import Path

from compiler.diagnostics import HeatsinkError

LENGTH = 40
_ALPHABET = string.ascii_letters + string.digits
_HEADER = "# Values of secrets, by name. Keep this file: without it a push makes new ones.\n"


def generated(names: Iterable[str]) -> dict[str, str]:
    """New values: 40 letters and digits each, which need no quoting wherever they are put."""
    return {name: "".join(secrets.choice(_ALPHABET) for _ in range(LENGTH)) for name in sorted(names)}


def add_secrets(path: Path, values: Mapping[str, str]) -> None:
    """Write further values behind what the file holds. The file is its owner's alone (0600)."""
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
