"""Programs of the host that hang: each costs its time limit, and is named in a message."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.bundles import service
from tests.support.conversation import pushing
from tests.support.host_folder import ROOT, HostFolder, host_folder

pytestmark = pytest.mark.slow

LIMIT = 3  # seconds, in place of a minute
ANSWER = """
import sys
from compiler.host.__main__ import answer
from compiler.host.machine import Machine
from compiler.host.wire import Pusher
pusher = Pusher(0, sys.stdout.buffer)
raise SystemExit(answer(Machine(sys.argv[1], pusher.wait_until, limit=float(sys.argv[2])), pusher))
"""
STATUS = b'{"do": "status"}\n'


@pytest.fixture
def host(tmp_path: Path) -> HostFolder:
    """A host with a container, and a build that changes it."""
    host = host_folder(tmp_path)
    container = '[{"Name": "one", "State": {"Health": {"Status": "healthy"}}, "Config": {}}]'
    host.installs(
        "podman", f"case $1 in inspect) echo '{container}' ;; images) echo '1d one <none> sha256:1' ;; esac"
    )
    host.writes(service("one", container="one"))
    host.push()
    host.writes(service("one", container="one", config="new", images=("one@sha256:1",)), service("two"))
    return host


def hangs(host: HostFolder, program: str, word: str) -> None:
    """Let a program hang if this is the first word after it, unless that is an option."""
    path = host.folder / "bin" / program
    real = path.rename(path.with_name(f"{program}.real"))
    host.installs(program, f'case $1 in {word}) exec sleep 100 ;; esac\nexec {real} "$@"')


def answered(host: HostFolder, requests: bytes) -> tuple[int, list[dict[str, Any]]]:
    """The exit status of the host program, and its events; it has printed nothing else."""
    done = subprocess.run(
        (sys.executable, "-c", ANSWER, host.folder / "root", str(LIMIT)),
        env={**os.environ, "PYTHONPATH": str(ROOT), "PATH": f"{host.folder}/bin:{os.environ['PATH']}"},
        input=requests,
        capture_output=True,
        check=False,
        timeout=120,
    )
    assert not done.stderr, done.stderr.decode()
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize(("program", "word"), [
    ("systemctl", "show"),
    ("podman", "images"),
    ("podman", "inspect"),  # for the health of what is started
    ("systemd-analyze", "verify"),
    ("systemctl", "stop"),
    ("systemd-run", "*"),
    ("systemctl", "daemon-reload"),
])  # fmt: skip
def test_a_push_names_the_program_that_hangs(host: HostFolder, program: str, word: str) -> None:
    requests = pushing(host, timeout=2.0)
    hangs(host, program, word)
    status, events = answered(host, requests)
    assert status == 1
    assert f"`{program} {word.strip('*')}" in json.dumps(events[-1])
    assert "did not end within " in json.dumps(events[-1])


def test_a_status_tells_that_systemd_hangs(host: HostFolder) -> None:
    hangs(host, "systemctl", "show")
    status, (refused,) = answered(host, STATUS)
    assert (status, refused["event"]) == (1, "refused")
    assert refused["message"].startswith("`systemctl show ")
    assert refused["message"].endswith(" did not end within 3 s")


def test_a_status_tells_that_the_engine_hangs_and_what_systemd_says(host: HostFolder) -> None:
    hangs(host, "podman", "inspect")
    status, (report,) = answered(host, STATUS)
    (unit,) = report["units"]
    assert (status, unit["state"], unit["health"], unit["up"]) == (0, "active", "unknown", False)
    assert report["problems"] == ["`podman inspect --type container one` did not end within 3 s"]
