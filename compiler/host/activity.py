"""What a host program waits for: commands, and exchanges with systemd."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from .wire import RefusedError

LONGEST_TEXT = 80  # of a command in a message


class TimeLimitError(RefusedError):
    """A command did not end within its time limit, and was killed."""

    def __init__(self, command: str, limit: float) -> None:
        hint = "run it on the host to see why it hangs, then try again"
        super().__init__(f"`{command}` did not end within {limit:g} s", hint)


class Done(NamedTuple):
    """How a command has ended."""

    returncode: int
    stdout: str
    stderr: str


class Activity(Protocol):
    """Something that ends by itself, or at its time limit."""

    text: str  # in messages

    def has_ended(self, wait: float) -> bool:
        """Whether it has ended, after some seconds at most. Raises TimeLimitError at its limit."""
        ...

    def kill(self) -> None:
        """Free what it holds, and end it if it has not ended."""
        ...


def shortened(argv: Sequence[str]) -> str:
    """A command in messages."""
    words = " ".join(argv)
    return words if len(words) <= LONGEST_TEXT else f"{words[:LONGEST_TEXT]}…"
