"""The journal lines of units."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from .activity import TimeLimitError
from .machine import Machine
from .manifest import Unit

JOURNAL_LINES = 10
JOURNAL_LIMIT = 15.0  # seconds: what a damaged journal says is not worth more
# Engines print ids of started containers, containers they did not find to remove, and conmon's warnings;
# systemd names each of their processes that it ends.
NOISE = r"^[0-9a-f]{64}$|No such container: |^conmon [0-9a-f]+ <n|: Killing process [0-9]+ \("


def journal(machine: Machine, unit: Unit, since: float) -> list[str]:
    """The last lines of a unit, its container and systemd about it, without the engines' noise."""
    matches = [f"_SYSTEMD_UNIT={unit.name}", "+", f"UNIT={unit.name}"]
    matches += ["+", f"CONTAINER_NAME={unit.container}"] if unit.container else []
    fields = "--output-fields=MESSAGE,PODMAN_EVENT"
    options = (
        "--no-pager",
        "--output=json",
        fields,
        f"--lines={10 * JOURNAL_LINES}",
        f"--since=@{int(since)}",
    )
    try:
        lines = machine.run(("journalctl", *options, *matches), limit=JOURNAL_LIMIT).stdout.splitlines()
    except TimeLimitError as error:
        return [str(error)]
    readable = (line for entry in map(json.loads, lines) for line in _readable_lines(entry, unit.container))
    return list(readable)[-JOURNAL_LINES:]


def _readable_lines(entry: Mapping[str, Any], container: str) -> Iterator[str]:
    """The lines of a journal entry that are useful to an operator."""
    message = entry.get("MESSAGE")
    if "PODMAN_EVENT" in entry or not isinstance(message, str):  # binary data is a list of numbers
        return
    for line in message.splitlines():
        if line.strip() not in ("", container) and not re.search(NOISE, line):
            yield line


def masked(line: str, secrets: Mapping[str, str]) -> str:
    """A journal line with secret values replaced, in case a service has logged one."""
    for value in secrets.values():
        if len(value) >= 6:
            line = line.replace(value, "********")
    return line
