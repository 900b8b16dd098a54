"""The modules of kolla_set_configs, and folders in place of / for it."""

from __future__ import annotations

import grp
import json
import os
import pwd
import stat
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from compiler.shipped import folder

PROGRAM = folder("images") / "base/bin/kolla_set_configs"
PACKAGE = folder("images") / "base/lib/kolla_set_configs"
CONFIG = Path("var/lib/kolla/config_files")
# Whoever runs the tests: only root may give files away.
ME = f"{pwd.getpwuid(os.getuid()).pw_name}:{grp.getgrgid(os.getgid()).gr_name}"


def module(name: str) -> ModuleType:
    """A module of the program. No bytecode is left beside it: its folder is part of an image."""
    before = sys.path, sys.dont_write_bytecode
    sys.path, sys.dont_write_bytecode = [*sys.path, str(PACKAGE.parent)], True
    try:
        return import_module(f"{PACKAGE.name}.{name}")
    finally:
        sys.path, sys.dont_write_bytecode = before


def configure(root: Path, *config_files: dict[str, Any], **more: Any) -> None:
    """Write a config.json."""
    config = {"command": "/usr/bin/service --flag", "config_files": config_files} | more
    (root / CONFIG / "config.json").write_text(json.dumps(config))


def write(root: Path, path: str, text: str, mode: int = 0o644) -> Path:
    """Write a file of the container."""
    file = root / path.lstrip("/")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    file.chmod(mode)
    return file


def mode_of(path: Path) -> int:
    """Permission bits of a file, or of a link itself."""
    return stat.S_IMODE(path.lstat().st_mode)
