"""The conversation with one host: one connection, one command, lines of JSON both ways.

    host → us    heatsink 1 up <generation> <salt> <digest> <host program's hash>     written by `sh`
    us → host    same                                                     nothing to do, without Python
    us → host    run <size> <sha256>, <size> bytes of the host program if the host has another one;
                 or look …, after which the host does not keep them
    us → host    {"do": "push", …, "size": n}, n bytes of the manifest    now the host program answers
    host → us    {"event": "missing", "blobs": [sha256, …]}
    us → host    {"size": n}, n bytes: those blobs, concatenated
    host → us    {"event": "ready", …}                                    the plan; nothing is changed
    us → host    {"go": "pull"}                                           if the host lacks images
    us → host    …, "archives": [{"image": …, "parts": [0, 3, …]}, …], "parts": [n, …]}, n bytes each
    host → us    {"event": "pulled"}
    us → host    {"go": "install"}                                        when every host has its images
    host → us    {"event": "installed", …}
    us → host    {"go": 1}                                                and so on, step by step
    host → us    {"event": "step", "step": 1, "started": […], "failed": […]}
    us → host    {"go": "finish"}
    host → us    {"event": "unconfirmed", "seal": …, "generation": n}     everything is up
    us → host    confirm <seal>                                           over a new connection, to `sh`
    us → host    {"go": "commit"}
    host → us    {"event": "done", …}

Sizes are those of zlib data. `progress` and `warning` events may come at any time; `refused` ends the
conversation. A working host is never silent for longer than `SILENCE` seconds, and gets an empty line from us
every `PULSE` seconds. A host program that ends, or answers something else, before its first event has changed
nothing: it is sent again, once.
"""

from __future__ import annotations

import json
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from hashlib import sha256
from itertools import chain
from typing import TypeVar

from compiler.deploy.answers import Answers, EndedError, NotUnderstoodError
from compiler.deploy.confirmation import confirm, is_current
from compiler.deploy.errors import DeployError, LostError
from compiler.deploy.events import (
    Activated,
    Event,
    HostRefusal,
    HostWarning,
    Progress,
    StepEnded,
    UnitFailure,
)
from compiler.deploy.greeting import Greeting, read_greeting
from compiler.deploy.printable import indented
from compiler.deploy.program import program, program_hash
from compiler.deploy.reading import read_event
from compiler.deploy.transport import LONGEST, SILENCE, Channel, Transport
from compiler.diagnostics import Problem

E = TypeVar("E", bound=Event)

OnProgress = Callable[[str, str], None]  # called with (host, what it is doing)

_HINTS = {  # the first that fits
    "must have a tty": "remove `requiretty` for the user from the host's sudoers",
    "sudo: not found": "install sudo, or set `user: root` in the hosts file",
    "sudo: command not found": "install sudo, or set `user: root` in the hosts file",
    "sudo": "allow the user to run sudo without a password, or set `user: root` in the hosts file",
    "No module named": "install Python's standard library (Debian 12: apt-get install python3)",
    "python3": "install it (Debian: apt-get install python3)",
    "No space left": "free disk space and push again",
    "did not arrive": "push again to resume",
}


class Session:
    """The conversation with one host."""

    def __init__(self, host: str, transport: Transport, on_progress: OnProgress) -> None:
        self.host = host
        self.warnings: list[str] = []
        self._transport = transport
        self._on_progress = on_progress
        self._channel: Channel | None = None
        self._answers: Answers | None = None
        self._has_program = False
        self._verb = ""
        self._request = b""
        self._may_replace_program = False
        self.is_running = False  # the host program, which wants to hear from us
        self._sending = threading.Lock()

    def greet(self) -> Greeting:
        """Connect, and read what is installed."""
        self._on_progress(self.host, "connecting")
        self._channel = self._transport.open()
        self._answers = Answers(self._channel)
        try:
            greeting = read_greeting(self._line(time.monotonic() + SILENCE))
        except (EndedError, NotUnderstoodError) as error:
            raise self._failed(error) from None
        self._has_program = greeting.program == program_hash()
        return greeting

    def dismiss(self) -> None:
        """End the conversation: there is nothing to do."""
        self._send(b"same\n")
        self.close()

    def request(
        self, verb: str, fields: Mapping[str, object], payload: bytes | None = None, *, keep: bool = True
    ) -> None:
        """Send the host program if the host has another one, start it, and send it a request.

        With `keep` false the host forgets the program that was sent: nothing there is changed.
        """
        self._verb = "run" if keep else "look"
        self._request = _request({"do": verb, **fields}, payload)
        self._may_replace_program = self._has_program
        self._start(b"" if self._has_program else program())

    def send(self, fields: Mapping[str, object], payload: bytes | None = None) -> None:
        """Send a further line to the host program, with a payload behind it or none."""
        self._send(_request(fields, payload))

    def stream(self, fields: Mapping[str, object], pieces: Iterable[bytes]) -> None:
        """Send a further line, and pieces behind it as they are; nothing comes between them."""
        assert self._channel is not None
        with self._sending:
            for piece in chain((_request(fields, None),), pieces):
                try:
                    self._channel.send(piece)
                except OSError:  # the host has ended: its next answer says why
                    return

    def expect(self, kind: type[E], *, within: float = LONGEST) -> E:
        """The next event of that kind, within so many seconds; progress goes to `on_progress`."""
        deadline = time.monotonic() + within
        while True:
            match self._event(deadline):
                case Progress(text=text):
                    self._on_progress(self.host, text)
                case HostWarning(text=text):
                    self.warnings.append(text)
                case HostRefusal(message=message, hint=hint):
                    raise DeployError(self.host, message, hint or None)
                case StepEnded(failed=failed, aftermath=aftermath) if failed:
                    raise DeployError.units(self.host, map(self._problem, failed), aftermath)
                case event if isinstance(event, kind):
                    return event
                case event:
                    raise self.misunderstood(f"`{type(event).__name__}` instead of `{kind.__name__}`")

    def misunderstood(self, answer: str) -> DeployError:
        """The error of a host that answers something else than a host program."""
        return DeployError(
            self.host,
            f"answers with what heatsink does not understand: {answer}",
            "look for what else prints there: the shell's start-up files, a changed Python library",
        )

    def confirm(self, seal: str, within: float) -> None:
        """Confirm a change over a new connection. Raises DeployError if that is not possible; the host then
        undoes the change."""
        try:
            confirm(self.host, self._transport, seal, within)
        except DeployError as error:
            self.send({"go": "revert"})
            raise self._undone(error) from None

    def activated(self, generation: int, within: float, meanwhile: float) -> Activated:
        """Wait until a confirmed change is current. If this connection is lost, new ones ask for it for
        `meanwhile` seconds."""
        try:
            return self.expect(Activated, within=within)
        except LostError:
            if is_current(self._transport, generation, meanwhile):
                return Activated(generation=generation)
            raise

    def ping(self) -> None:
        """Let the host program know that we are alive, unless something is being sent anyway."""
        if self.is_running and self._sending.acquire(blocking=False):
            try:
                self._write(b"\n")
            finally:
                self._sending.release()

    def close(self) -> None:
        """Close the connection."""
        self.is_running = False
        if self._channel is not None:
            self._channel.close()

    def _event(self, deadline: float) -> Event:
        """The next event; a host program that fails before its first one is replaced."""
        try:
            event = read_event(self._line(deadline))
        except (EndedError, NotUnderstoodError) as error:
            if not self._may_replace_program:
                raise self._failed(error) from None
            self._replace_program()
            return self._event(deadline)
        self._may_replace_program = False
        return event

    def _replace_program(self) -> None:
        """Connect again, with the same request to a host program that was just sent."""
        self._may_replace_program = False
        self.close()
        self.greet()
        self._start(program())

    def _start(self, content: bytes) -> None:
        """Start the host program, sent before if it is not empty, with the request."""
        self._send(
            f"{self._verb} {len(content)} {sha256(content).hexdigest()}\n".encode() + content + self._request
        )
        self.is_running = True

    def _send(self, content: bytes) -> None:
        with self._sending:
            self._write(content)

    def _write(self, content: bytes) -> None:
        """Write; if the host has ended, its next answer says why."""
        assert self._channel is not None
        with suppress(OSError):
            self._channel.send(content)

    def _undone(self, error: DeployError) -> DeployError:
        """The error of a change that could not be confirmed, and what has become of the host."""
        try:
            self.expect(Activated)
            stays = Problem(f"{self.host}: the confirmation has arrived all the same: the change stays")
            error.problems = (*error.problems, stays)
        except DeployError as answer:
            error.problems = (*error.problems, *answer.problems)
        return error

    def _line(self, deadline: float) -> bytes:
        assert self._answers is not None
        try:
            return self._answers.line(deadline)
        except TimeoutError:
            is_late = time.monotonic() > deadline
            message = "takes too long" if is_late else f"no answer for {SILENCE:g} s"
            raise LostError(self.host, message, "check the host, then push again to resume") from None

    def _failed(self, error: EndedError | NotUnderstoodError) -> DeployError:
        """Why the host program, or the shell before it, cannot go on."""
        if isinstance(error, NotUnderstoodError):
            return self.misunderstood(str(error))
        assert self._answers is not None
        complaint = self._answers.complaint()
        if complaint:
            hint = next((hint for word, hint in _HINTS.items() if word in complaint), None)
            return DeployError(self.host, complaint, hint)
        return LostError(self.host, "the connection was lost", "push again to resume")

    def _problem(self, failure: UnitFailure) -> Problem:
        lines = "\n".join((f"`{failure.unit}` did not come up: {failure.why}", *failure.journal))
        return Problem(f"{self.host}: {indented(lines)}", hint=failure.hint)


def _request(fields: Mapping[str, object], payload: bytes | None) -> bytes:
    if payload is None:
        return json.dumps(fields).encode() + b"\n"
    # Level 1: the time to compress counts as much as the time to send.
    packed = zlib.compress(payload, 1)
    return json.dumps({**fields, "size": len(packed)}).encode() + b"\n" + packed
