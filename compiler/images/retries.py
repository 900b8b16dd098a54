"""Failures of the network, after which another attempt may succeed, and how long to wait for it."""

from __future__ import annotations

import re
from dataclasses import dataclass

_STEPS = re.compile(r"^(?:\[\d+/\d+\] )?step \d+/\d+ ?:.*$", re.IGNORECASE | re.MULTILINE)
_QUOTED = re.compile(r"""at STEP ".*?": |The command '.*' returned""", re.DOTALL)  # may be about the network
_LINES = 40  # at the end of the output: earlier ones were followed by something that worked
_LONGEST = 60.0  # seconds

_TRANSIENT = tuple(
    (meaning, re.compile(pattern, re.IGNORECASE))
    for meaning, pattern in (
        # apt calls a name that does not exist `Could not resolve`, which is no failure of the network.
        ("a name was not resolved", r"temporary failure (in name resolution|resolving)|server misbehaving"),
        ("no connection", r"could not connect to|unable to connect to|failed to connect|connection refused"),
        ("no connection", r"network is unreachable|no route to host|couldn't connect to server"),
        ("a connection was lost", r"connection (reset|aborted|closed)|unexpected eof|broken pipe"),
        ("a connection was lost", r"error reading from server|transfer closed with|incompleteread|early eof"),
        ("a timeout", r"timed out|i/o timeout|handshake timeout|timeout was reached|deadline exceeded"),
        ("an error of a server", r"\b50[0234] +(internal server|bad gateway|service unav|gateway time)"),
        ("an error of a server", r"(returned|http|status|code) ?(error|code|status)?:? 50[0234]\b"),
        ("a server with too many requests", r"\b429 +too many requests|toomanyrequests"),
        ("a mirror that changes", r"hash sum mismatch|file has unexpected size|mirror sync in progress"),
    )
)
"""What apt, curl, git, pip, mmdebstrap, podman and docker print of these."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """How often a build is tried again after a failure of the network, and the seconds before the first."""

    number: int = 3
    first_wait: float = 5.0

    def wait(self, attempt: int) -> float | None:
        """The seconds to wait after an attempt, 1 for the first; None if it was the last."""
        if attempt > self.number:
            return None
        return float(min(self.first_wait * 2 ** (attempt - 1), _LONGEST))


def transient(output: str) -> str | None:
    """The failure of the network at the end of a build's output; None if it failed for another reason."""
    lines = _QUOTED.sub("", _STEPS.split(output)[-1]).splitlines()
    end = "\n".join(lines[-_LINES:])
    return next((meaning for meaning, pattern in _TRANSIENT if pattern.search(end)), None)
