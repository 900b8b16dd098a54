"""The two ends of the conversation: requests and payloads come in, events go out."""

from __future__ import annotations

import json
import time
import zlib
from collections.abc import Callable
from typing import Any, BinaryIO

HEARTBEAT = 5.0  # seconds of silence after which a sign of life is given


class Refusal(Exception):  # noqa: N818 - it is the host's answer, not a fault of the program
    """Something the operator must know and can mend: what is wrong, and what to do next."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class PusherLeft(Exception):  # noqa: N818 - an end like any other; the next push goes on from here
    """The other side closed the connection."""


class Pusher:
    """The other side: requests and payloads in, events out."""

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
        """The `size` compressed bytes behind a request, as they were before."""
        packed = self._requests.read(size)
        if len(packed) < size:
            raise PusherLeft
        return zlib.decompress(packed)

    def wait_for_release(self, word: str | int) -> None:
        """Wait for the word to go on, which is given when every host is there."""
        if self.receive().get("go") != word:
            raise PusherLeft

    def send(self, event: str, **fields: object) -> None:
        """Say what happened. A step that has begun is ended also when nobody listens any more."""
        if self._present:
            try:
                self._events.write(json.dumps({"event": event, **fields}).encode() + b"\n")
                self._events.flush()
            except BrokenPipeError:
                self._present = False

    def wait_until(self, done: Callable[[], bool], text: str) -> bool:
        """Wait for something, at most HEARTBEAT seconds; tell `text` as a sign of life if it takes longer."""
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
