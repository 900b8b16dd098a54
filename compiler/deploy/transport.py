"""The one seam between pushing and the hosts: something that opens a channel to a shell on a host."""

from __future__ import annotations

from typing import Protocol


class Channel(Protocol):
    """One command that runs on a host: what goes to its stdin, and what comes from its stdout."""

    def send(self, content: bytes) -> None:
        """Write to the command's stdin, all of it. Raises OSError if the command is gone."""

    def readline(self) -> bytes:
        """The next line of its stdout with its end, or b"" when it has ended.

        Raises TimeoutError when the host has been silent for longer than a live one ever is.
        """

    def complaint(self) -> str:
        """What it wrote to stderr; to be asked after its end."""

    def close(self) -> None:
        """End the conversation, and the connection with it."""


class Transport(Protocol):
    """The way to one host."""

    def open(self) -> Channel:
        """Connect and start the greeting (protocol.py) as root. Raises DeployError if that cannot be done."""
