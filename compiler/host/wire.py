"""The connection to the pusher: requests and payloads in, events out."""

from __future__ import annotations

import errno
import io
import json
import os
import select
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

from .layout import HOME

HEARTBEAT = 5.0  # seconds after which progress is reported again
SILENCE = 30.0  # seconds after which a pusher that sends nothing, not even an empty line, is gone
PIECE = 1 << 16  # bytes read at a time


class RefusedError(Exception):
    """What the operator must fix: what is wrong, and what to do next."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint

    @classmethod
    def of(cls, error: RefusedError | OSError) -> RefusedError:
        """The refusal in an error: a full disk, a folder in place of a file, a missing program."""
        if isinstance(error, RefusedError):
            return error
        is_full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        hint = "free disk space and push again" if is_full else ""
        return cls(f"{error.strerror}: `{error.filename or HOME}`", hint)


class PusherLeft(Exception):  # noqa: N818 - a normal end; the next push resumes
    """The pusher closed the connection, or was not heard for too long."""


class Pusher:
    """The program that sends requests and payloads, and reads events.

    While it has nothing to say it sends empty lines, so that one whose machine or cable is gone is noticed.
    """

    def __init__(self, requests: int, events: BinaryIO) -> None:
        """`requests` is a file descriptor: what is read must never wait in a buffer that cannot be polled."""
        self._requests = requests
        self._events = events
        self._present = True
        self._unread = bytearray()
        self._heard = time.monotonic()
        self.when_heard: list[Callable[[], None]] = []

    def receive(self) -> dict[str, Any]:
        """The next request; raises PusherLeft at the end of input."""
        while not (line := self._line().strip()):
            continue
        request: dict[str, Any] = json.loads(line)
        return request

    def payload(self, size: int) -> bytes:
        """What follows a request in `size` compressed bytes, decompressed."""
        while len(self._unread) < size:
            self._read()
        return zlib.decompress(self._taken(size))

    def pieces(self, size: int) -> Iterator[bytes]:
        """What follows a request in `size` bytes, as it arrives."""
        while size:
            if not self._unread:
                self._read()
            piece = self._taken(min(size, len(self._unread)))
            size -= len(piece)
            yield piece

    def wait_for_release(self, word: str | int) -> dict[str, Any]:
        """Wait until the pusher releases this phase, which it does when every host has reached it."""
        request = self.receive()
        if request.get("go") != word:
            raise PusherLeft
        return request

    def send(self, event: str, **fields: object) -> None:
        """Report an event. After the pusher has disconnected, a step in progress still runs to its end."""
        if self._present:
            try:
                self._events.write(json.dumps({"event": event, **fields}).encode() + b"\n")
                self._events.flush()
            except BrokenPipeError:
                self._present = False

    def wait_until(self, done: Callable[[], bool], text: str | Callable[[], str]) -> bool:
        """Wait at most HEARTBEAT seconds; False, and `text` is reported as progress, if it takes longer.

        Raises PusherLeft if the pusher has not been heard for SILENCE seconds.
        """
        deadline, pause = time.monotonic() + HEARTBEAT, 0.005
        while not done():
            if time.monotonic() > deadline:
                self.send("progress", text=text if isinstance(text, str) else text())
                self.listen()
                return False
            time.sleep(pause)
            pause = min(0.1, pause * 1.5)
        return True

    def listen(self) -> None:
        """Take note of what the pusher has sent. Raises PusherLeft after SILENCE seconds without anything."""
        while self._is_readable(0) and self._read_piece():
            continue
        if time.monotonic() - self._heard > SILENCE:
            raise PusherLeft

    def _line(self) -> bytes:
        searched = 0
        while (end := self._unread.find(b"\n", searched) + 1) == 0:
            searched = len(self._unread)
            self._read()
        return self._taken(end)

    def _taken(self, size: int) -> bytes:
        taken = bytes(self._unread[:size])
        del self._unread[:size]
        return taken

    def _read(self) -> None:
        """Wait for more. Raises PusherLeft at the end of input, and after SILENCE seconds."""
        if not (self._is_readable(SILENCE) and self._read_piece()):
            raise PusherLeft

    def _is_readable(self, seconds: float) -> bool:
        waiting = select.poll()
        waiting.register(self._requests, select.POLLIN)
        return bool(waiting.poll(seconds * 1000))

    def _read_piece(self) -> bool:
        """Read what has arrived; False at the end of input."""
        piece = os.read(self._requests, PIECE)
        self._unread += piece
        if piece:
            self._heard = time.monotonic()
            for act in self.when_heard:
                act()
        return bool(piece)


class Unattended(Pusher):
    """Nobody: what the host does by itself is reported in its journal."""

    def __init__(self) -> None:
        super().__init__(-1, io.BytesIO())

    def send(self, event: str, **fields: object) -> None:  # noqa: ARG002 - of any event
        """Print the text of progress and warnings."""
        if "text" in fields:
            sys.stdout.write(f"{fields['text']}\n")
            sys.stdout.flush()

    def listen(self) -> None:
        """There is nobody to hear."""


def counted(number: int, noun: str) -> str:
    """`1 unit`, `2 units`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
