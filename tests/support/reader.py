"""A reader of a page, who writes the files that it shows and types its commands."""

from __future__ import annotations

import contextlib
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
            os.environ
            | {"PATH": path, "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8", "NO_COLOR": "1"}
            | self.environment
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
        run = self._on_terminal if command == "heatsink status\n" else self._in_pipe
        status, printed = run(self._own(command))
        plans = command.split()[:2] == ["heatsink", "plan"]  # which exits with 2 if something would change
        assert status in ((0, 2) if plans else (0,)), f"{command}{printed}"
        return self._shown(printed)

    def _in_pipe(self, command: str) -> tuple[int, str]:
        process = self._start(command, subprocess.PIPE)
        printed = process.communicate()[0]
        return process.returncode, printed.decode()

    def _on_terminal(self, command: str) -> tuple[int, str]:
        ours, terminal = os.openpty()
        process = self._start(command, terminal)
        os.close(terminal)
        printed = bytearray()
        with contextlib.suppress(OSError):  # it has ended
            while piece := os.read(ours, 4096):
                printed += piece
        os.close(ours)
        return process.wait(), printed.decode().replace("\r\n", "\n")

    def _start(self, command: str, stdout: int) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            ["sh", "-c", command],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.STDOUT if stdout == subprocess.PIPE else subprocess.DEVNULL,
        )

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
