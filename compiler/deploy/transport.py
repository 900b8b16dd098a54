"""The interface between pushing and hosts: what opens a channel to a shell on a host."""

from __future__ import annotations

from typing import Protocol


class Channel(Protocol):
    """One command that runs on a host: its stdin and its stdout."""

    def send(self, content: bytes) -> None:
        """Write everything to the command's stdin. Raises OSError if the command has ended."""

    def readline(self) -> bytes:
        """The next line of its stdout with its line end, or b"" at the end.

        Raises TimeoutError if the host is silent for longer than SILENCE (protocol.py).
        """

    def complaint(self) -> str:
        """Everything it wrote to stderr; waits for its end."""

    def close(self) -> None:
        """Close the command's pipes and the connection."""


class Transport(Protocol):
    """The connection to one host."""

    def open(self) -> Channel:
        """Connect and start the greeting (protocol.py) as root. Raises DeployError if that fails."""
