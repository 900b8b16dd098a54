"""Files of our own that say whether they are whole: a line with the SHA-256 of the rest, then JSON."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from .disk import write


class DamagedError(ValueError):
    """A file that is not what was written: cut short, foreign or corrupt."""


def sealed(value: object) -> bytes:
    """A value as the content of such a file."""
    content = json.dumps(value, sort_keys=True).encode()
    return hashlib.sha256(content).hexdigest().encode() + b"\n" + content


def unsealed(content: bytes) -> Any:
    """The value in such a file, or in plain JSON, as older versions wrote. Raises DamagedError."""
    seal, _, rest = content.partition(b"\n")
    try:
        if content.startswith((b"{", b"[")):
            return json.loads(content)
        if hashlib.sha256(rest).hexdigest().encode() == seal:
            return json.loads(rest)
    except ValueError:
        pass
    raise DamagedError


def seal_of(content: bytes) -> str:
    """The first line of such a file."""
    return content.partition(b"\n")[0].decode(errors="replace")


def write_sealed(path: Path, value: object) -> None:
    """Write such a file, for root only, completely or not at all."""
    write(path, sealed(value), 0o600)
