"""What was done on this host: a line of JSON for each change, and a message in the journal."""

from __future__ import annotations

import contextlib
import json
import socket
import time
from collections.abc import Mapping

from .disk import write
from .layout import HISTORY
from .machine import Machine

LONGEST = 1000  # lines

# What became of a change.
DONE, REVERTED, INCOMPLETE = "done", "reverted", "incomplete"


def record(machine: Machine, result: str, **fields: object) -> None:
    """Add a change to the history, and report it to the journal."""
    entry = {"at": int(time.time()), "result": result, **fields}
    path = machine.path(HISTORY)
    lines = path.read_text(errors="replace").splitlines() if path.exists() else []
    text = "\n".join((*lines[1 - LONGEST :], json.dumps(entry, sort_keys=True)))
    write(path, f"{text}\n".encode(), 0o600)
    _report(machine, entry)


def _report(machine: Machine, entry: Mapping[str, object]) -> None:
    """A structured message in the journal: `journalctl --identifier=heatsink --output=json`."""
    socket_path = machine.path("/run/systemd/journal/socket")
    if not socket_path.exists():
        return
    message = f"{entry.get('action')} of generation {entry.get('generation')}: {entry['result']}"
    fields = {"MESSAGE": message, "SYSLOG_IDENTIFIER": "heatsink"}
    fields.update({f"HEATSINK_{key.upper()}": " ".join(str(value).split()) for key, value in entry.items()})
    lines = "".join(f"{key}={value}\n" for key, value in fields.items())
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journal:
        journal.sendto(lines.encode(), str(socket_path))
