"""What systemd is asked: on the socket of its manager or, where that does not answer, with `systemctl`."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from .activity import Done, shortened
from .bus import NAME, MethodCall, Reply, UnreachableError
from .machine import Machine, require
from .wire import RefusedError

ABSENCE = 20.0  # seconds for which systemd may be out of reach
_OUT_OF_REACH = (  # what systemctl writes then: before it asks, and while it waits for an answer
    "Failed to connect to",
    "Transport endpoint is not connected",
    "Connection reset by peer",
    "Remote peer disconnected",
    "Broken pipe",
)
_METHODS = {"start": "StartUnit", "stop": "StopUnit", "restart": "RestartUnit"}
# Property → its place in a row of ListUnitsByNames.
_LISTED = {"LoadState": 2, "ActiveState": 3, "SubState": 4, "Job": 7}
_OBJECT = 6  # the place of the path
_OF_SERVICES = ("NRestarts", "Result")

Row = Sequence[Any]


def active_states(machine: Machine, names: Sequence[str]) -> dict[str, str]:
    """Unit → active, activating, inactive, failed, …; asked together. Raises RefusedError if systemd does not
    answer: to take units for inactive would start everything anew."""
    if not names:
        return {}
    words = ("systemctl", "is-active", *names)
    rows = _listed(machine, names, words)
    if rows is not None:
        return {name: row[_LISTED["ActiveState"]] for name, row in zip(names, rows)}
    done = _by_command(machine, words)
    states = done.stdout.split()
    if len(states) != len(names):
        require(done, "systemd does not report the states of units")
        raise RefusedError(f"`systemctl is-active` of {len(names)} units has {len(states)} lines")
    return dict(zip(names, states))


def properties(machine: Machine, names: Sequence[str], keys: Sequence[str]) -> dict[str, dict[str, str]]:
    """Unit → those properties that it has, as `systemctl show --timestamp=unix` prints them."""
    if not names:
        return {}
    words = ("systemctl", "show", "--timestamp=unix", f"--property={','.join(('Id', *keys))}", *names)
    rows = _listed(machine, names, words)
    shown = None if rows is None else _properties(machine, rows, keys, words)
    if shown is None:
        blocks = _by_command(machine, words).stdout.strip().split("\n\n")
        shown = [dict(line.partition("=")[::2] for line in block.splitlines()) for block in blocks]
    return {name: shown[index] if index < len(shown) else {} for index, name in enumerate(names)}


def control(
    machine: Machine,
    verb: str,
    names: Sequence[str],
    *,
    limit: float | None = None,
    mode: str = "replace",
    waits: bool = True,
) -> Done:
    """Start, stop or restart units: jobs that are asked for together, and awaited unless told otherwise."""
    calls = [MethodCall(_METHODS[verb], "ss", (name, mode)) for name in names]
    options = (*(("--job-mode=" + mode,) if mode != "replace" else ()), *(() if waits else ("--no-block",)))
    return carried_out(machine, calls, ("systemctl", verb, *options, *names), limit=limit, awaits_jobs=waits)


def reload(machine: Machine, limit: float | None = None) -> Done:
    """Let systemd read its units again."""
    return carried_out(machine, [MethodCall("Reload")], ("systemctl", "daemon-reload"), limit=limit)


def reset_failed(machine: Machine, names: Sequence[str]) -> None:
    """Forget that units have failed, and how often they have started."""
    carried_out(
        machine,
        [MethodCall("ResetFailedUnit", "s", (name,)) for name in names],
        ("systemctl", "reset-failed", *names),
    )


def carried_out(
    machine: Machine,
    calls: Sequence[MethodCall],
    argv: Sequence[str],
    *,
    limit: float | None = None,
    awaits_jobs: bool = False,
) -> Done:
    """Make calls, or run the command that does the same."""
    replies = _replies(machine, calls, argv, limit=limit, awaits_jobs=awaits_jobs)
    if replies is None:
        return _by_command(machine, argv, limit)
    errors = [reply.error for reply in replies if reply.error]
    return Done(len(errors), "", "\n".join(errors))


def _by_command(machine: Machine, argv: Sequence[str], limit: float | None = None) -> Done:
    """Run a command that asks systemd. While systemd executes itself anew, as its update does, it cannot be
    reached, or forgets what it was asked: it is asked again, and that is an error only in the end."""
    deadline = time.monotonic() + ABSENCE
    while True:
        done = machine.run(argv, limit=limit)
        if not (done.returncode and any(words in done.stderr for words in _OUT_OF_REACH)):
            return done
        if time.monotonic() > deadline:
            require(done, "systemd cannot be reached")
        time.sleep(0.2)


def _listed(machine: Machine, names: Sequence[str], words: Sequence[str]) -> list[Row] | None:
    """What systemd says of each unit in one answer; None if the command has to say it."""
    replies = _replies(machine, [MethodCall("ListUnitsByNames", "as", (names,))], words)
    rows: list[Row] = replies[0].values[0] if replies and replies[0].values else []
    return rows if len(rows) == len(names) else None


def _properties(
    machine: Machine, rows: Sequence[Row], keys: Sequence[str], words: Sequence[str]
) -> list[dict[str, str]] | None:
    """The properties of each unit: those in its row, and further ones unless there is no such unit."""
    further = [key for key in keys if key not in _LISTED]
    calls = [_get(row[_OBJECT], key) for row in rows if _is_known(row) for key in further]
    replies = _replies(machine, calls, words) if calls else []
    if replies is None:
        return None
    values = iter(replies)
    return [
        {key: str(row[place]) for key, place in _LISTED.items()}
        | {key: _text(key, next(values)) for key in further if _is_known(row)}
        for row in rows
    ]


def _is_known(row: Row) -> bool:
    return (row[_LISTED["LoadState"]], row[_LISTED["ActiveState"]]) != ("not-found", "inactive")


def _get(path: str, key: str) -> MethodCall:
    kind = "Service" if key in _OF_SERVICES else "Unit"
    return MethodCall("Get", "ss", (f"{NAME}.{kind}", key), path, "org.freedesktop.DBus.Properties")


def _text(key: str, reply: Reply) -> str:
    """A property as systemctl prints it; "" of a unit that has it not."""
    if reply.error:
        return ""
    value = reply.values[0].value
    if isinstance(value, list):
        return " ".join(value)
    if key.endswith("Timestamp"):  # microseconds
        return f"@{value // 1_000_000}" if value else ""
    return str(value)


def _replies(
    machine: Machine,
    calls: Sequence[MethodCall],
    words: Sequence[str],
    *,
    limit: float | None = None,
    awaits_jobs: bool = False,
) -> list[Reply] | None:
    """What systemd replies on its socket; None if that is out of reach."""
    if not machine.manager:
        return None
    try:
        exchange = machine.manager.exchange(
            calls, shortened(words), limit or machine.limit, awaits_jobs=awaits_jobs
        )
        machine.wait_for(exchange)
    except UnreachableError:
        return None
    return exchange.replies
