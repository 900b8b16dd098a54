"""The shipped library: beside the package in a checkout, inside it when installed."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent


def folder(name: str) -> Path:
    """The shipped folder `templates`, `roles`, `environments` or `images`."""
    installed = _PACKAGE / "library" / name
    return installed if installed.is_dir() else _PACKAGE.parent / name
