"""The conversation with one host: one connection, one command, lines of JSON both ways.

    host → us    heatsink 1 up <generation> <salt> <digest> <host program's hash>     written by `sh`
    us → host    same                                                     nothing to do, without Python
    us → host    run <hash> <size>, <size> bytes of the host program if the host has another one
    us → host    {"do": "push", …, "size": n}, n bytes of the manifest    now the host program answers
    host → us    {"event": "missing", "blobs": [sha256, …]}
    us → host    {"size": n}, n bytes: those blobs, concatenated
    host → us    {"event": "ready", …}                                    images are pulled, nothing changed
    us → host    {"go": "install"}                                        when every host is ready
    host → us    {"event": "installed", …}
    us → host    {"go": 1}                                                and so on, step by step
    host → us    {"event": "step", "step": 1, "started": […], "failed": […]}
    us → host    {"go": "finish"}
    host → us    {"event": "done", …}

Sizes are those of zlib data. `progress` and `warning` events may come at any time; `refused` ends the
conversation. A working host is never silent for longer than `SILENCE` seconds.
"""

from __future__ import annotations

import hashlib
import json
import shlex
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any, TypeVar
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from compiler.deploy.errors import DeployError
from compiler.deploy.events import Event, StepEnded, UnitFailure, read_event
from compiler.deploy.transport import Channel, Transport
from compiler.diagnostics import Problem
from compiler.host import layout

E = TypeVar("E", bound=Event)

SILENCE = 60.0  # seconds; the host program reports progress every 5

OnProgress = Callable[[str, str], None]  # called with (host, what it is doing)

_PROGRAM = Path(__file__).parents[1] / "host"

# All but `systemctl` is built into the shell: a host with nothing to do spends almost no time.
_GREETING = (
    f"r=$HEATSINK_ROOT p=$r{layout.PROGRAM} s=$r{layout.SUMMARY}"
    + r"""
up=up salt=- digest=- number=0 version=-
if [ -r "$s" ]; then
  { read -r salt digest number; read -r services; read -r stamps; } <"$s"
  for stamp in $stamps; do [ -e "$r$stamp" ] || up=down; done
  [ -z "$services" ] || services=$(systemctl is-active $services)
  for state in $services; do [ "$state" = active ] || up=down; done
fi
[ ! -r "$p" ] || read -r _ version _ <"$p"
echo heatsink 1 $up $number $salt $digest "${version:--}"
read -r verb version size || exit 0
[ "$verb" = run ] || exit 0
command -v python3 >/dev/null || { echo python3 is not installed >&2; exit 69; }
if [ "$size" != 0 ]; then
  mkdir -p "${p%/*}" && head -c "$size" >"$p.$$" && chmod 755 "$p.$$" && mv -f "$p.$$" "$p" || exit 74
fi
exec python3 -IBS "$p"
"""
)


def command(*, as_root: bool) -> tuple[str, ...]:
    """The command that runs on a host. It is the same for all, so that a process list reveals nothing."""
    return (*(() if as_root else ("sudo", "-n")), "sh", "-c", _GREETING)


def command_line(*, as_root: bool) -> str:
    """That command as one line, for ssh."""
    return shlex.join(command(as_root=as_root))


@cache
def program() -> tuple[str, bytes]:
    """The host program: its hash, and a zip file that Python runs, with the hash in a first line.

    The hash is that of the sources, as zlib builds compress differently.
    """
    sources = {f"host/{path.name}": path.read_bytes() for path in sorted(_PROGRAM.glob("*.py"))}
    sources = {"__main__.py": b"from host.__main__ import main\n\nraise SystemExit(main())\n", **sources}
    digest = hashlib.sha256(repr(sources).encode()).hexdigest()
    packed = BytesIO()
    packed.write(f"# {digest}\n".encode())
    with ZipFile(packed, "w") as archive:
        for name, source in sources.items():
            archive.writestr(_entry(name), source, ZIP_DEFLATED, 9)
    return digest, packed.getvalue()


def _entry(name: str) -> ZipInfo:
    """An entry that does not depend on time or system."""
    entry = ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
    entry.create_system = 3
    entry.external_attr = 0o644 << 16
    return entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Greeting:
    """What a host reports first. `digest` is "-" if nothing is installed completely."""

    up: bool
    generation: int
    salt: str
    digest: str
    program: str


_HINTS = {
    "sudo": "allow the user to run sudo without a password, or set `user: root` in the hosts file",
    "No module named": "install Python's standard library (Debian 12: apt-get install python3)",
    "python3": "install it (Debian: apt-get install python3)",
    "No space left": "free disk space and push again",
}


class Session:
    """The conversation with one host."""

    def __init__(self, host: str, transport: Transport, on_progress: OnProgress) -> None:
        self.host = host
        self.warnings: list[str] = []
        self._transport = transport
        self._on_progress = on_progress
        self._channel: Channel | None = None
        self._greeting: Greeting | None = None

    def greet(self) -> Greeting:
        """Connect, and read what is installed."""
        self._on_progress(self.host, "connecting")
        self._channel = self._transport.open()
        words = self._line().split()
        if len(words) != 7 or words[:2] != ["heatsink", "1"]:
            raise self._disconnected(
                f"unexpected output of its shell: `{' '.join(words)[:60]}`" if words else None
            )
        self._greeting = Greeting(
            up=words[2] == "up",
            generation=int(words[3]),
            salt=words[4],
            digest=words[5],
            program=words[6],
        )
        return self._greeting

    def dismiss(self) -> None:
        """End the conversation: there is nothing to do."""
        self._send(b"same\n")
        self.close()

    def request(self, verb: str, fields: Mapping[str, object], payload: bytes | None = None) -> None:
        """Send the host program if the host has another one, start it, and send it a request."""
        assert self._greeting is not None
        digest, content = program()
        content = b"" if self._greeting.program == digest else content
        self._send(
            f"run {digest} {len(content)}\n".encode() + content + _request({"do": verb, **fields}, payload)
        )

    def send(self, fields: Mapping[str, object], payload: bytes | None = None) -> None:
        """Send a further line to the host program, with a payload behind it or none."""
        self._send(_request(fields, payload))

    def expect(self, kind: type[E]) -> E:
        """The next event of that kind; progress until then goes to `on_progress`."""
        while True:
            line = self._line()
            if not line.endswith("\n"):
                raise self._disconnected(None)
            fields: dict[str, Any] = json.loads(line)
            match fields["event"]:
                case "progress":
                    self._on_progress(self.host, fields["text"])
                case "warning":
                    self.warnings.append(fields["text"])
                case "refused":
                    raise DeployError(self.host, fields["message"], fields["hint"] or None)
                case _:
                    event = read_event(fields)
                    if isinstance(event, StepEnded) and event.failed:
                        raise DeployError.units(self.host, map(self._problem, event.failed))
                    if isinstance(event, kind):
                        return event
                    raise self._disconnected(f"unexpected event `{fields['event']}`")

    def close(self) -> None:
        """Close the connection."""
        if self._channel is not None:
            self._channel.close()

    def _problem(self, failure: UnitFailure) -> Problem:
        lines = "".join(f"\n  | {line}" for line in failure.journal)
        return Problem(f"{self.host}: `{failure.unit}` did not come up: {failure.why}{lines}")

    def _send(self, content: bytes) -> None:
        assert self._channel is not None
        try:
            self._channel.send(content)
        except OSError:
            raise self._disconnected(None) from None

    def _line(self) -> str:
        assert self._channel is not None
        try:
            return self._channel.readline().decode(errors="replace")
        except TimeoutError:
            message = f"no answer for {SILENCE:g} s"
            raise DeployError(self.host, message, "check the host, then push again to resume") from None
        except OSError:
            return ""

    def _disconnected(self, reason: str | None) -> DeployError:
        """Why the host program, or the shell before it, ended unexpectedly."""
        assert self._channel is not None
        complaint = reason or self._channel.complaint()
        hint = next((hint for word, hint in _HINTS.items() if word in complaint), None)
        if complaint:
            return DeployError(self.host, complaint, hint)
        return DeployError(self.host, "the connection was lost", "push again to resume")


def _request(fields: Mapping[str, object], payload: bytes | None) -> bytes:
    if payload is None:
        return json.dumps(fields).encode() + b"\n"
    # Level 1: the time to compress counts as much as the time to send.
    packed = zlib.compress(payload, 1)
    return json.dumps({**fields, "size": len(packed)}).encode() + b"\n" + packed
