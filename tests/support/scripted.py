"""Hosts that answer what a test says, whatever they are asked."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from compiler.deploy.activation import PushOptions
from compiler.deploy.bundle import bundle_folder, read_fleet
from compiler.deploy.outcome import Outcome
from compiler.deploy.push import push
from compiler.deploy.sessions import Sessions
from tests.support import bundles

GREETING = f"heatsink 1 down 0 {'5a' * 32} - -\n".encode()
OPTIONS = PushOptions(steps=(0, 1), timeout=20, settle=0, confirm=False, confirm_within=0)


def line(event: str, **fields: object) -> bytes:
    """A line of a host program."""
    return json.dumps({"event": event, **fields}).encode() + b"\n"


NOTHING = (
    "added",
    "private",
    "removals",
    "stops",
    "units",
    "untouched",
    "pulls",
    "volumes",
    "consents",
    "irreversible",
)
PLAN = {
    **{name: [] for name in NOTHING},
    "writes": ["/etc/x"],
    "starts": ["one"],
    "digest": "0" * 64,
    "texts": {},
}
MISSING, READY, INSTALLED = line("missing", blobs=[]), line("ready", **PLAN), line("installed")
STEPS = tuple(
    line("step", step=step, started=[f"unit{step}"], failed=[], aftermath="") for step in OPTIONS.steps
)
UNCONFIRMED = line("unconfirmed", seal="5e" * 32, generation=1)
DONE = line("done", generation=1)
PUSHED = (GREETING, MISSING, READY, INSTALLED, *STEPS, UNCONFIRMED, DONE)


@dataclass
class ScriptedChannel:
    """A Channel that says these pieces; a TimeoutError among them is silence."""

    stdout: Iterator[bytes | TimeoutError]
    stderr: Iterator[bytes | TimeoutError]
    pause: float = 0.0
    sent: list[bytes] = field(default_factory=list)

    def send(self, content: bytes) -> None:
        self.sent.append(content)

    def receive(self, seconds: float) -> bytes:
        time.sleep(self.pause)
        return _next(self.stdout)

    def receive_stderr(self, seconds: float) -> bytes:
        return _next(self.stderr)

    def close(self) -> None:
        pass


def _next(pieces: Iterator[bytes | TimeoutError]) -> bytes:
    piece = next(pieces, b"")
    if isinstance(piece, TimeoutError):
        raise piece
    return piece


@dataclass
class ScriptedTransport:
    """A Transport whose channels say these pieces, one script for each time it is opened;
    then the host says nothing any more."""

    scripts: list[Iterable[bytes | TimeoutError]]
    stderr: Iterable[bytes | TimeoutError] = ()
    channels: list[ScriptedChannel] = field(default_factory=list)

    def open(self) -> ScriptedChannel:
        channel = ScriptedChannel(iter(self.scripts.pop(0) if self.scripts else ()), iter(self.stderr))
        self.channels.append(channel)
        return channel


def transport(
    *answers: bytes | TimeoutError, stderr: Iterable[bytes | TimeoutError] = ()
) -> ScriptedTransport:
    """A host that is connected to once."""
    return ScriptedTransport([answers], stderr)


def pushed(
    folder: Path, hosts: Mapping[str, ScriptedTransport], options: PushOptions = OPTIONS
) -> dict[str, Outcome]:
    """The result of a push to these hosts, which have an empty bundle each."""
    build = folder / "build"
    bundles.write_build(build, dict.fromkeys(hosts, ()))
    folders = {host.name: bundle_folder(build, host) for host in read_fleet(build).hosts}
    with Sessions(hosts, parallel=4, on_progress=lambda host, text: None) as sessions:
        outcomes: Sequence[Outcome] = push(sessions, folders, {}, options)
    return {outcome.host: outcome for outcome in outcomes}
