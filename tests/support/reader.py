"""A reader of a page, who writes the files that it shows and types its commands."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(  # a file below its path, a file that begins with its path, or a console
    r"^`(?P<path>[\w./-]+)`:\n\n```\w+\n(?P<text>.*?)^```$"
    r"|^```yaml\n(?P<named># (?P<name>\S+\.yaml)\n.*?)^```$"
    r"|^```console\n(?P<console>.*?)^```$",
    re.M | re.S,
)
COMMAND = re.compile(r"^\$ ((?:.*\\\n)*.*\n)((?:(?!\$ ).*\n)*)", re.M)
OMITTED = re.compile(r"^\.\.\.\n|\.\.\.", re.M)  # lines, or part of one


@dataclass
class Reader:
    """Types commands in a folder; `words` are the reader's own in place of the page's, such as addresses."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        heatsink = self.folder / ".bin/heatsink"
        heatsink.parent.mkdir()
        heatsink.write_text(f'#!/bin/sh\nexec {sys.executable} -m compiler "$@"\n')
        heatsink.chmod(0o755)
        path = f"{heatsink.parent}:{os.environ['PATH']}"
        self.environment = (
            os.environ | {"PATH": path, "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8"} | self.environment
        )

    def followed(self, page: str) -> str:
        """The page with what its commands really print; output that the page abridges stays if it fits."""
        return BLOCK.sub(self._follow, page)

    def write_files(self, page: str) -> None:
        """Write every file that a page shows, and run nothing."""
        for block in BLOCK.finditer(page):
            self._write(block)

    def output(self, command: str) -> str:
        """What a command prints, which must succeed; `cd` moves the reader."""
        if command.startswith("cd "):
            self.folder /= command.removeprefix("cd ").strip()
            return ""
        done = subprocess.run(
            ["sh", "-c", self._own(command)],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        plans = command.startswith("heatsink plan ")  # which exits with 2 if something would change
        assert done.returncode in ((0, 2) if plans else (0,)), f"{command}{done.stdout}"
        return self._shown(done.stdout)

    def _follow(self, block: re.Match[str]) -> str:
        self._write(block)
        if block["console"] is None:
            return block[0]
        return f"```console\n{COMMAND.sub(self._type, block['console'])}```"

    def _write(self, block: re.Match[str]) -> None:
        if path := block["path"] or block["name"]:
            file = self.folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(self._own(block["text"] or block["named"]), encoding="utf-8")

    def _type(self, match: re.Match[str]) -> str:
        command, shown = match.groups()
        printed = self.output(command)
        return f"$ {command}{shown if fits(printed, shown) else printed}"

    def _own(self, text: str) -> str:
        for word, own in self.words.items():
            text = text.replace(word, own)
        return text

    def _shown(self, text: str) -> str:
        for word, own in self.words.items():
            text = text.replace(own, word)
        return text


def fits(printed: str, shown: str) -> bool:
    """Whether an output is the shown one, in which `...` stands for any text and columns may be aligned."""
    pattern = ".*".join(re.escape(part) for part in OMITTED.split(_narrow(shown)))
    return re.fullmatch(pattern, _narrow(printed), re.S) is not None


def _narrow(text: str) -> str:
    return re.sub(r"[ \t]+", " ", text)
