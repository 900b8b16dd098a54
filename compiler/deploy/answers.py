"""What a host writes, read as lines and within bounds: a host is a stranger."""

from __future__ import annotations

import time

from compiler.deploy.transport import SILENCE, Channel, seconds_until

LONGEST_LINE = 4 << 20  # bytes: the names of 60,000 missing files
MOST_BYTES = 64 << 20  # in one conversation
MOST_LINES = 20_000  # in one conversation: progress every 5 s for a day
LONGEST_COMPLAINT = 16 << 10  # bytes of stderr that are read
LAST_WORDS = 10.0  # seconds in which stderr must end


class NotUnderstoodError(Exception):
    """What a host answers is not what a host program answers: what is wrong, and a piece of it."""


class EndedError(Exception):
    """The output has ended, with no line or in the middle of one."""


class Answers:
    """The stdout and stderr of the command on a host."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._buffer = bytearray()
        self._bytes = 0
        self._lines = 0

    def line(self, deadline: float) -> bytes:
        """The next line with its line end.

        Raises TimeoutError if the host is silent, or the line not complete at `deadline` (time.monotonic),
        EndedError at the end of output or if the connection is lost, NotUnderstoodError beyond the bounds.
        """
        read = 0  # what was searched before is not searched again
        while (end := self._buffer.find(b"\n", read) + 1) == 0:
            read = len(self._buffer)
            self._buffer += self._piece(deadline)
        line = bytes(self._buffer[:end])
        del self._buffer[:end]
        self._count(line)
        return line

    def complaint(self) -> str:
        """What the command wrote to stderr; waits for its end, but not for long."""
        deadline = time.monotonic() + LAST_WORDS
        written = bytearray()
        try:
            while len(written) < LONGEST_COMPLAINT and (
                piece := self._channel.receive_stderr(seconds_until(deadline))
            ):
                written += piece
        except OSError:
            pass
        return written[:LONGEST_COMPLAINT].decode(errors="replace").strip()

    def _piece(self, deadline: float) -> bytes:
        if len(self._buffer) > LONGEST_LINE:
            raise NotUnderstoodError("a line without an end")
        try:
            piece = self._channel.receive(min(SILENCE, seconds_until(deadline)))
        except TimeoutError:
            raise
        except OSError:
            raise EndedError from None
        if not piece:
            raise EndedError
        return piece

    def _count(self, line: bytes) -> None:
        self._lines += 1
        self._bytes += len(line)
        if self._lines > MOST_LINES or self._bytes > MOST_BYTES:
            raise NotUnderstoodError("more than it can have to report")
