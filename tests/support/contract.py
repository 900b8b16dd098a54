"""Scenarios of Kolla's contract: configurations of a container, and what becomes of its files.

They are those that the tests of Kolla's own set_configs assert, and more, in words of ours. Each can be
carried out by heatsink's program and by Kolla's, in a folder that is the root of the file system meanwhile.
"""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

CONFIG = "/var/lib/kolla/config_files"
SOURCE = f"{CONFIG}/src"
CHECK = "--check"
PASSWD = "root:x:0:0::/root:/bin/sh\napp:x:4242:4243::/:/bin/sh\n"
GROUP = "root:x:0:\napp:x:4243:\n"

# Everything is imported while the file system is still this machine's.
RUN = """
import argparse, encodings.idna, errno, fnmatch, gettext, glob, grp, hashlib, json, linecache, locale
import logging, os, pathlib, pwd, re, shlex, shutil, stat, sys, tempfile, tokenize, traceback, yaml
program, library, root, *arguments = sys.argv[1:]
if library:
    sys.path.append(library)
    for name in os.listdir(f"{library}/kolla_set_configs"):
        if name.endswith(".py") and name != "__init__.py":
            __import__(f"kolla_set_configs.{name[:-3]}")
code = compile(open(program).read(), program, "exec")
os.chroot(root)
os.chdir("/")
sys.argv = ["kolla_set_configs", *arguments]
exec(code, {"__name__": "__main__", "__file__": "/usr/local/bin/kolla_set_configs"})
"""


@dataclass(frozen=True)
class Program:
    """A program that carries out configurations: its file, and the folder of its package if it has one."""

    name: str
    file: Path
    library: Path | None = None

    def run(self, root: Path, *arguments: str, strategy: str) -> subprocess.CompletedProcess[str]:
        """Run it with a folder as the root of the file system."""
        words = (sys.executable, "-c", RUN, str(self.file), str(self.library or ""), str(root), *arguments)
        environment = {**os.environ, "KOLLA_CONFIG_STRATEGY": strategy, "PYTHONDONTWRITEBYTECODE": "1"}
        return subprocess.run(words, env=environment, capture_output=True, text=True, check=False)


@dataclass(frozen=True)
class Run:
    """One run of the program: what is written before it, and how it ends. A file of None is removed."""

    config: Mapping[str, Any] | str | None = None  # of None: the one of the run before
    files: Mapping[str, str | None] = field(default_factory=dict)
    check: bool = False
    strategy: str = "COPY_ALWAYS"
    name: str = "config.json"
    code: int = 0


@dataclass(frozen=True)
class Scenario:
    """Runs, and what is there afterwards: path → text (`/` of a folder), mode, owner and group."""

    name: str
    runs: Sequence[Run]
    texts: Mapping[str, str | None] = field(default_factory=dict)  # None: there is nothing
    modes: Mapping[str, int] = field(default_factory=dict)
    owners: Mapping[str, str] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)  # that are there before the first run
    # How Kolla's differs, as docs/kolla.md says: the codes of all runs, and what is there.
    kolla_codes: Sequence[int] | None = None
    kolla_texts: Mapping[str, str | None] | None = None
    kolla_modes: Mapping[str, int] | None = None


def carried_out(scenario: Scenario, program: Program, root: Path) -> dict[str, Any]:
    """How each run of a scenario ended, and what is there afterwards."""
    for path, text in (("/etc/passwd", PASSWD), ("/etc/group", GROUP), (f"{SOURCE}/.keep", "")):
        _write(root, path, text)
    for path, target in scenario.links.items():
        _place(root, path).symlink_to(target)
    codes, said = [], []
    for run in scenario.runs:
        for path, text in run.files.items():
            _write(root, path, text)
        if run.config is not None:
            _write(root, f"{CONFIG}/{run.name}", _written(run.config, run.name))
        done = program.run(root, *([CHECK] if run.check else ()), strategy=run.strategy)
        codes.append(done.returncode)
        said.append(done.stderr[-500:])
    return {
        "codes": codes,
        "said": said,
        "texts": {path: _text(root, path) for path in scenario.texts},
        "modes": {path: _mode(root, path) for path in scenario.modes},
        "owners": {path: _owner(root, path) for path in scenario.owners},
    }


def expected(scenario: Scenario, program: Program) -> dict[str, Any]:
    """How it should be; of Kolla's program as it differs from ours."""
    is_kolla = program.library is None
    codes = [run.code for run in scenario.runs]
    differing = (
        (scenario.kolla_codes, scenario.kolla_texts, scenario.kolla_modes) if is_kolla else (None,) * 3
    )
    return {
        "codes": codes if differing[0] is None else list(differing[0]),
        "texts": {**scenario.texts, **(differing[1] or {})},
        "modes": {**scenario.modes, **(differing[2] or {})},
        "owners": dict(scenario.owners),
    }


def _written(config: Mapping[str, Any] | str, name: str) -> str:
    if isinstance(config, str):
        return config
    return json.dumps(config) if name.endswith(".json") else yaml.safe_dump(dict(config))


def _place(root: Path, path: str) -> Path:
    place = root / path.lstrip("/")
    place.parent.mkdir(parents=True, exist_ok=True)
    return place


def _write(root: Path, path: str, text: str | None) -> None:
    place = _place(root, path)
    if text is None:
        place.unlink()
    elif path.endswith("/"):
        place.mkdir(parents=True, exist_ok=True)
    else:
        place.write_text(text)
        place.chmod(0o644)


def _text(root: Path, path: str) -> str | None:
    place = root / path.lstrip("/")
    if place.is_symlink():
        return f"-> {place.readlink()}"
    if place.is_dir():
        return "/"
    return place.read_text() if place.exists() else None


def _mode(root: Path, path: str) -> int:
    return stat.S_IMODE((root / path.lstrip("/")).lstat().st_mode)


def _owner(root: Path, path: str) -> str:
    found = (root / path.lstrip("/")).lstat()
    names = {0: "root", 4242: "app", 4243: "app"}
    return f"{names[found.st_uid]}:{names[found.st_gid]}"
