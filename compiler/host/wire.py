"""The connection to the pusher: requests and payloads in, events out."""

from __future__ import annotations

import json
import time
import zlib
from collections.abc import Callable
from typing import Any, BinaryIO

HEARTBEAT = 5.0  # seconds after which progress is reported again


class RefusedError(Exception):
    """What the operator must fix: what is wrong, and what to do next."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class PusherLeft(Exception):  # noqa: N818 - a normal end; the next push resumes
    """The pusher closed the connection."""


class Pusher:
    """The program that sends requests and payloads, and reads events."""

    def __init__(self, requests: BinaryIO, events: BinaryIO) -> None:
        self._requests = requests
        self._events = events
        self._present = True

    def receive(self) -> dict[str, Any]:
        """The next request; raises PusherLeft at the end of input."""
        line = self._requests.readline()
        if not line.endswith(b"\n"):
            raise PusherLeft
        request: dict[str, Any] = json.loads(line)
        return request

    def payload(self, size: int) -> bytes:
        """What follows a request in `size` compressed bytes, decompressed."""
        packed = self._requests.read(size)
        if len(packed) < size:
            raise PusherLeft
        return zlib.decompress(packed)

    def wait_for_release(self, word: str | int) -> None:
        """Wait until the pusher releases this phase, which it does when every host has reached it."""
        if self.receive().get("go") != word:
            raise PusherLeft

    def send(self, event: str, **fields: object) -> None:
        """Report an event. After the pusher has disconnected, a step in progress still runs to its end."""
        if self._present:
            try:
                self._events.write(json.dumps({"event": event, **fields}).encode() + b"\n")
                self._events.flush()
            except BrokenPipeError:
                self._present = False

    def wait_until(self, done: Callable[[], bool], text: str) -> bool:
        """Wait at most HEARTBEAT seconds; False, and `text` is reported as progress, if it takes longer."""
        deadline, pause = time.monotonic() + HEARTBEAT, 0.005
        while not done():
            if time.monotonic() > deadline:
                self.send("progress", text=text)
                return False
            time.sleep(pause)
            pause = min(0.1, pause * 1.5)
        return True


def counted(number: int, noun: str) -> str:
    """`1 unit`, `2 units`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
