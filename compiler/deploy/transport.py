"""The interface between pushing and hosts: what opens a channel to a shell on a host."""

from __future__ import annotations

import time
from typing import Protocol

SILENCE = 60.0  # seconds; a working host is never silent for longer, as it reports progress every 5
PULSE = 10.0  # seconds after which a host is sent an empty line: one that hears nothing for 30 gives us up
LONGEST = 4 * 3600.0  # seconds for one event or payload, more than any pull of images is worth
PIECE = 1 << 15  # bytes read at a time


class Channel(Protocol):
    """One command that runs on a host: its stdin, stdout and stderr."""

    def send(self, content: bytes) -> None:
        """Write everything to the command's stdin. Raises OSError if the command has ended."""

    def receive(self, seconds: float) -> bytes:
        """The next piece of its stdout, at most PIECE bytes; b"" at the end.

        Raises TimeoutError if there is none within `seconds`, another OSError if the connection is lost.
        """

    def receive_stderr(self, seconds: float) -> bytes:
        """The same of its stderr."""

    def close(self) -> None:
        """Close the command's pipes and the connection."""


class Transport(Protocol):
    """The connection to one host."""

    def open(self) -> Channel:
        """Connect anew and start the greeting (greeting.py) as root. Raises DeployError if that fails."""


def seconds_until(deadline: float) -> float:
    """Seconds until a deadline (time.monotonic), more than none. Raises TimeoutError if it has passed."""
    if (seconds := deadline - time.monotonic()) <= 0:
        raise TimeoutError
    return seconds
