"""What systemd is asked, on the socket of its manager and with its commands."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from compiler.host.bus import Manager
from compiler.host.machine import Machine
from compiler.host.systemd import active_states, control, properties, reload
from tests.support.host_folder import ROOT, host_folder
from tests.support.manager import END, JOB, Answers, job_removed, manager, refused, returned, text

ASK = """
import sys
from compiler.host.bus import Manager
from compiler.host.machine import Machine
from compiler.host.systemd import active_states, control
machine = Machine(manager=Manager(sys.argv[1]))
control(machine, "start", ["heatsink-one.service"])
print(active_states(machine, ["heatsink-one.service", "heatsink-two.service"]))
"""
ROWS = (("one", "loaded", "active", "running"), ("two", "not-found", "inactive", "dead"))


def listed(serial: int) -> bytes:
    """The answer to ListUnitsByNames: two units, each a structure of ten values."""
    rows = b""
    for name, load, active, sub in ROWS:
        rows += bytes(-len(rows) % 8)
        for value in (name, name, load, active, sub, "", f"/unit/{name}", 0, "", "/"):
            content = struct.pack("<I", value) if isinstance(value, int) else text(value)
            rows += bytes(-len(rows) % 4) + content
    return returned(serial, "a(ssssssouso)", struct.pack("<II", len(rows), 0) + rows)


def variant(signature: str, value: bytes) -> bytes:
    """A property; the value starts at a multiple of its size."""
    start = bytes((len(signature),)) + signature.encode() + b"\0"
    return start + bytes(-len(start) % (8 if signature == "t" else 4)) + value


@contextmanager
def asked(folder: Path, answers: Answers) -> Iterator[Machine]:
    """A machine whose manager of systemd answers like this."""
    with manager(folder, answers) as path, closing(Manager(path)) as systemd:
        yield Machine(manager=systemd)


def test_the_states_of_all_units_are_asked_at_once(tmp_path: Path) -> None:
    with asked(tmp_path, listed) as machine:
        assert active_states(machine, ["one", "two"]) == {
            "one": "active",
            "two": "inactive",
        }


def test_properties_are_what_systemctl_prints(tmp_path: Path) -> None:
    values = {
        2: returned(2, "v", variant("u", struct.pack("<I", 3))),
        3: refused(3, "no such property"),
        4: returned(4, "v", variant("as", struct.pack("<I", 22) + text("a.service") + b"\0\0" + text("b"))),
        5: returned(5, "v", variant("t", struct.pack("<Q", 1_700_000_000_999_999))),
        6: returned(6, "v", variant("t", struct.pack("<Q", 5))),
    }
    keys = ("NRestarts", "Result", "RequiredBy", "ActiveEnterTimestamp", "ActiveEnterTimestampMonotonic")
    with asked(tmp_path, lambda serial: values[serial] if serial > 1 else listed(serial)) as machine:
        shown = properties(machine, ["one", "two"], ("SubState", *keys))
    rest = ("3", "", "a.service b", "@1700000000", "5")
    row = {"LoadState": "loaded", "ActiveState": "active", "SubState": "running", "Job": "0"}
    assert shown["one"] == {**row, **dict(zip(keys, rest, strict=True))}
    assert shown["two"]["LoadState"] == "not-found"


def test_the_error_of_a_call_is_that_of_the_command(tmp_path: Path) -> None:
    with asked(tmp_path, lambda serial: refused(serial, "Refusing to reload")) as machine:
        done = reload(machine)
    assert (done.returncode, done.stderr) == (1, "Refusing to reload")


def test_units_are_started_and_their_jobs_awaited(tmp_path: Path) -> None:
    def answer(serial: int) -> bytes:
        return returned(serial, "o", text(f"{JOB}{serial}")) + job_removed("done", f"{JOB}{serial}")

    with asked(tmp_path, answer) as machine:
        assert control(machine, "start", ["one", "two"]).returncode == 0


@pytest.mark.parametrize(("answer", "state"), [
    (lambda serial: END, "active"),  # a connection that ends: systemctl starts the unit
    (lambda serial: refused(serial, "no"), "inactive"),  # an answer: it does not
])  # fmt: skip
def test_systemctl_is_asked_where_the_socket_does_not_answer(
    tmp_path: Path, answer: Answers, state: str
) -> None:
    host = host_folder(tmp_path)
    with manager(tmp_path, answer) as path:
        environment = {"PYTHONPATH": str(ROOT), "PATH": f"{host.folder}/bin:{os.environ['PATH']}"}
        argv = (sys.executable, "-c", ASK, path)
        done = subprocess.run(argv, env=environment, text=True, stdout=-1, check=True)
    assert done.stdout == f"{{'heatsink-one.service': '{state}', 'heatsink-two.service': 'inactive'}}\n"
