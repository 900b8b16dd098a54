"""Colours for the lines of a plan: what restarts and what goes is to be seen at once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import click

_ACTIONS: Mapping[str, dict[str, Any]] = {
    "start": {"fg": "green"},
    "restart": {"fg": "yellow", "bold": True},
    "run once": {"fg": "magenta", "bold": True},
    "stop": {"fg": "red", "bold": True},
    "add": {"fg": "green"},
    "change": {"fg": "yellow"},
    "remove": {"fg": "red"},
}
_ACTION = re.compile(rf"( {{4}})({'|'.join(_ACTIONS)})(?= {{2,}}/|  +[^ /].*: )")
_CHANGED = re.compile(r" {6}[-+].*")
_SOURCE = re.compile(r" {16,18}\S.*")
_WARNING = re.compile(r"  (cannot be undone|needs consent):")


def coloured_plan(lines: Iterable[str]) -> Iterator[str]:
    """The lines of a plan with colours, which click removes in files and pipes."""
    for line in lines:
        if _CHANGED.fullmatch(line):
            yield click.style(line, fg="green" if line.lstrip().startswith("+") else "red")
        elif _WARNING.fullmatch(line):
            yield click.style(line, fg="red", bold=True)
        elif _SOURCE.fullmatch(line):
            yield click.style(line, dim=True)
        else:
            yield _ACTION.sub(lambda match: match[1] + click.style(match[2], **_ACTIONS[match[2]]), line)
