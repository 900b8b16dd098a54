"""The socket on which systemd's manager answers: no process starts, and no bus has to run.

`systemctl` uses it too, as root. A connection costs systemd more than answers on it, so it is kept. But it
gets, without `Subscribe`, a signal for every unit and job that changes. Somebody has to read these: one that
is not used for some time is ended. systemd ends all of them when it executes itself anew.
"""

from __future__ import annotations

import os
import select
import time
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from .activity import TimeLimitError
from .dbus import CALL, ERROR, SIGNAL, MalformedError, Message, marshalled, packed, size_of, unpacked

OBJECT = "/org/freedesktop/systemd1"
NAME = "org.freedesktop.systemd1"
_JOB_REMOVED = b"\0JobRemoved\0"
_PIECE = 1 << 16  # bytes that are read at once
_LONGEST_LINE = 256  # bytes of the answer to the authentication


class UnreachableError(Exception):
    """systemd does not answer on its socket, or has ended the connection."""


class MethodCall(NamedTuple):
    """A call of a method."""

    member: str
    signature: str = ""
    values: Sequence[Any] = ()
    path: str = OBJECT
    interface: str = f"{NAME}.Manager"

    def message(self, serial: int) -> Message:
        """The message that makes the call."""
        body = marshalled(self.signature, self.values)
        return Message(
            CALL, serial, self.path, self.interface, self.member, signature=self.signature, body=body
        )


class Reply(NamedTuple):
    """What a call returns, or why it failed."""

    values: Sequence[Any] = ()
    error: str = ""


class Manager:
    """systemd's manager, and a connection to it that is kept from one exchange to the next."""

    def __init__(self, path: str, idle: float = 2.0) -> None:
        """`idle`: for how many seconds a connection is kept that nobody uses."""
        self._path = path
        self._idle = idle
        self._kept: _Connection | None = None
        self._used = 0.0

    def exchange(
        self, calls: Sequence[MethodCall], text: str, limit: float, *, awaits_jobs: bool = False
    ) -> Exchange:
        """Make calls; `text` says in messages what is asked. Raises UnreachableError.

        The connection is the exchange's alone until that has ended: another one may begin meanwhile.
        """
        if self._kept and self._kept.has_hung_up():
            self.close()
        connection, self._kept = self._kept or _Connection(self._path), None
        return Exchange(self, connection, calls, text, limit, awaits_jobs=awaits_jobs)

    def keep(self, connection: _Connection) -> None:
        """Keep a connection for the next exchange."""
        self.close()
        self._kept, self._used = connection, time.monotonic()

    def rest(self) -> None:
        """End a connection that was not used for some time; who may have to wait long calls this often."""
        if time.monotonic() - self._used >= self._idle:
            self.close()

    def close(self) -> None:
        """End the connection that is kept."""
        if self._kept:
            self._kept.close()
        self._kept = None


class Exchange:
    """Calls that are made together, and their replies; with `awaits_jobs` also the results of the jobs that
    these name."""

    def __init__(
        self,
        manager: Manager,
        connection: _Connection,
        calls: Sequence[MethodCall],
        text: str,
        limit: float,
        *,
        awaits_jobs: bool,
    ) -> None:
        self.text = text
        self._manager = manager
        self._connection = connection
        self._results: dict[str, str] = {}  # of jobs that have ended, by path
        self._limit = limit
        self._deadline = time.monotonic() + limit
        self._awaits_jobs = awaits_jobs
        self._replies: dict[int, Reply] = {}
        self._serials = connection.call(calls)

    @property
    def replies(self) -> list[Reply]:
        """What the calls have returned, in their order. A job that was not done is an error."""
        return [self._reply(self._replies[serial]) for serial in self._serials]

    def _reply(self, reply: Reply) -> Reply:
        if reply.error or not self._awaits_jobs or self._results[reply.values[0]] in ("done", "skipped"):
            return reply
        return Reply(reply.values, f"the result of its job is `{self._results[reply.values[0]]}`")

    def has_ended(self, wait: float) -> bool:
        """Whether everything is there, after some seconds at most. Raises TimeLimitError at its limit, and
        UnreachableError."""
        until = min(time.monotonic() + wait, self._deadline)
        while not self._is_complete():
            seconds = until - time.monotonic()
            if seconds > 0:
                self._exchange(seconds)
            elif until == self._deadline:
                raise TimeLimitError(self.text, self._limit)
            else:
                return False
        return True

    def kill(self) -> None:
        """Give the connection back, or end it: what was asked for goes on in systemd."""
        if self._is_complete():
            self._manager.keep(self._connection)
        else:
            self._connection.close()

    def _exchange(self, seconds: float) -> None:
        try:
            self._connection.transmit(seconds)
            for message in self._connection.messages():
                self._take(message)
        except (OSError, MalformedError) as error:
            raise UnreachableError(str(error)) from None

    def _take(self, message: Message) -> None:
        if message.type == SIGNAL:
            _, job, _, result = message.values
            self._results[job] = result
        elif message.reply_serial in self._serials:
            error = " ".join(map(str, message.values)) or message.error if message.type == ERROR else ""
            self._replies[message.reply_serial] = Reply(() if error else message.values, error)

    def _is_complete(self) -> bool:
        if len(self._replies) < len(self._serials):
            return False
        jobs = (reply.values[0] for reply in self._replies.values() if not reply.error)
        return not self._awaits_jobs or all(job in self._results for job in jobs)


class _Connection:
    """Bytes to systemd and messages from it, neither of which is ever waited for longer than said."""

    def __init__(self, path: str) -> None:
        """Raises UnreachableError."""
        import socket  # here, where it is needed: it takes longer than an exchange

        uid = str(os.geteuid()).encode().hex().encode()
        self._unsent = b"\0AUTH EXTERNAL " + uid + b"\r\nBEGIN\r\n"
        self._calls = b""  # sent when it has accepted us: what it reads before that, it forgets
        self._serial = 0  # of the last call
        self._unread = bytearray()
        self._is_authenticated = False
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.setblocking(False)
        try:
            self._socket.connect(path)
        except OSError as error:
            self.close()
            raise UnreachableError(str(error)) from None

    def close(self) -> None:
        self._socket.close()

    def has_hung_up(self) -> bool:
        """Whether systemd has ended it."""
        return bool(self._events(0) & ~(select.POLLIN | select.POLLOUT))

    def call(self, calls: Sequence[MethodCall]) -> range:
        """Have calls sent; their serial numbers."""
        serials = range(self._serial + 1, self._serial + 1 + len(calls))
        content = b"".join(packed(call.message(serial)) for serial, call in zip(serials, calls))
        self._serial += len(calls)
        if self._is_authenticated:
            self._unsent += content
        else:
            self._calls += content
        return serials

    def transmit(self, seconds: float) -> None:
        """Send and receive what is possible, as soon as anything is, within some seconds. Raises OSError."""
        events = self._events(seconds)
        if events & select.POLLOUT:
            self._unsent = self._unsent[self._socket.send(self._unsent) :]
        if events & ~select.POLLOUT:
            self._receive()

    def _events(self, seconds: float) -> int:
        polling = select.poll()
        polling.register(self._socket.fileno(), select.POLLIN | (select.POLLOUT if self._unsent else 0))
        return sum(events for _, events in polling.poll(seconds * 1000))

    def _receive(self) -> None:
        piece = self._socket.recv(_PIECE)
        if not piece:
            raise UnreachableError("the connection was closed")
        self._unread += piece

    def messages(self) -> Iterator[Message]:
        """The messages that have arrived. Raises MalformedError. Of the signals only those about the ends of
        jobs: when systemd reloads, there are some for every unit."""
        if not self._is_authenticated:
            self._authenticate()
        while self._is_authenticated and 0 < (size := size_of(self._unread)) <= len(self._unread):
            content = bytes(self._unread[:size])
            del self._unread[:size]
            if content[1] != SIGNAL or _JOB_REMOVED in content:
                yield unpacked(content)

    def _authenticate(self) -> None:
        """Take the line that accepts us."""
        line, end, _ = self._unread.partition(b"\r\n")
        if end and line.startswith(b"OK "):
            self._is_authenticated = True
            self._unsent = self._calls
            del self._unread[: len(line) + 2]
        elif end or len(line) > _LONGEST_LINE:
            raise UnreachableError("it refuses the authentication")
