"""What was done on this host: a line of JSON for each change that has ended, and a message in the journal."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator, Mapping
from typing import Any

from .disk import write
from .layout import HISTORY
from .machine import Machine

LONGEST = 1000  # lines
LONGEST_TEXT = 200  # characters

# What became of a change.
DONE, REVERTED, INCOMPLETE = "done", "reverted", "incomplete"

# What a line has; one of an earlier version lacks some of it.
_FIELDS: Mapping[str, Any] = {
    "at": 0,  # when the change ended, in seconds since 1970
    "started": 0,
    "result": "",
    "why": "",  # the change was not done
    "action": "",  # push, rollback, remove
    "change": "",  # the name of the command, the same on all of its hosts
    "by": "",
    "generation": 0,  # the one that was wanted
    "name": "",
    "source": "",
    "plan": "",  # its digest
    "changed": [],  # report.changed
}


def record(machine: Machine, result: str, **fields: object) -> None:
    """Add a change to the history, after a report to the journal: rather there twice than never."""
    entry = {"result": result, **{key: _bounded(value) for key, value in fields.items()}}
    path = machine.path(HISTORY)
    lines = path.read_text(errors="replace").splitlines() if path.exists() else []
    last = _parsed(lines[-1]) if lines else {}
    if entry == {key: value for key, value in last.items() if key != "at"}:
        return  # who recorded it was killed before the change had ended
    entry["at"] = int(time.time())
    _report(machine, entry)
    text = "\n".join((*lines[1 - LONGEST :], json.dumps(entry, sort_keys=True)))
    write(path, f"{text}\n".encode(), 0o600)


def changes(machine: Machine) -> list[dict[str, object]]:
    """The changes in the history, newest first, with every field; lines that are damaged are left out."""
    path = machine.path(HISTORY)
    lines = path.read_text(errors="replace").splitlines() if path.exists() else []
    return [_complete(entry) for entry in map(_parsed, reversed(lines)) if entry]


def _parsed(line: str) -> dict[str, Any]:
    with contextlib.suppress(ValueError, RecursionError):
        entry = json.loads(line)
        return entry if isinstance(entry, dict) else {}
    return {}


def _complete(entry: Mapping[str, Any]) -> dict[str, object]:
    values = {key: entry.get(key, default) for key, default in _FIELDS.items()}
    return {
        key: value if type(value) is type(_FIELDS[key]) else _FIELDS[key] for key, value in values.items()
    }


def _bounded(value: object) -> object:
    """A text on one line, and not longer than LONGEST_TEXT; anything else as it is."""
    return " ".join(value.split())[:LONGEST_TEXT] if isinstance(value, str) else value


def _report(machine: Machine, entry: Mapping[str, Any]) -> None:
    """A structured message in the journal: `journalctl --identifier=heatsink --output=json`."""
    socket_path = machine.path("/run/systemd/journal/socket")
    if not socket_path.exists():
        return
    import socket  # here: most requests have no need of it

    lines = "".join(f"{key}={value}\n" for key, value in _journal_fields(entry))
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journal:
        journal.sendto(lines.encode(), str(socket_path))


def _journal_fields(entry: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    reason = f": {entry['why']}" if entry.get("why") else ""
    yield "MESSAGE", f"{entry['action']} of generation {entry['generation']}: {entry['result']}{reason}"
    yield "PRIORITY", 6 if entry["result"] == DONE else 4  # info, warning
    yield "SYSLOG_IDENTIFIER", "heatsink"
    yield from ((f"HEATSINK_{key.upper()}", value) for key, value in entry.items() if key != "changed")
    for row in entry["changed"]:
        noun = "UNITS" if row["what"] in ("started", "stopped") else "FILES"
        yield f"HEATSINK_{noun}_{row['what'].upper()}", row["count"]
        yield f"HEATSINK_{noun}_{row['what'].upper()}_NAMES", " ".join(row["names"])
