"""What units wrote."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from .machine import Machine
from .manifest import Unit

JOURNAL_LINES = 10
# An engine prints the ids of what it starts, what it did not find to remove, and conmon's own troubles.
CHATTER = re.compile(r"^[0-9a-f]{64}$|No such container: |^conmon [0-9a-f]+ <n")


def journal(machine: Machine, unit: Unit, since: float) -> list[str]:
    """The last lines that a unit, its container and systemd wrote about it, without the engines' chatter."""
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
    lines = machine.run(("journalctl", *options, *matches)).stdout.splitlines()
    readable = (line for entry in map(json.loads, lines) for line in _readable_lines(entry, unit.container))
    return list(readable)[-JOURNAL_LINES:]


def _readable_lines(entry: Mapping[str, Any], container: str) -> Iterator[str]:
    """The lines of a journal's entry that tell an operator anything."""
    message = entry.get("MESSAGE")
    if "PODMAN_EVENT" in entry or not isinstance(message, str):  # what is no text comes as a list of bytes
        return
    for line in message.splitlines():
        if line.strip() not in ("", container) and not CHATTER.search(line):
            yield line


def masked(line: str, secrets: Mapping[str, str]) -> str:
    """A line of a journal with the secrets taken out, should a service have logged one."""
    for value in secrets.values():
        if len(value) >= 6:
            line = line.replace(value, "********")
    return line
