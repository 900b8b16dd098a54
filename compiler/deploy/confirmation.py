"""Confirms a change over a new connection: that it can be made is what the change has to prove.

Should the connection be lost over which the change was made, a new one also learns what has become of it.
"""

from __future__ import annotations

import time
from contextlib import suppress

from compiler.deploy.answers import Answers, EndedError, NotUnderstoodError
from compiler.deploy.errors import DeployError
from compiler.deploy.greeting import Greeting, read_greeting
from compiler.deploy.transport import SILENCE, Channel, Transport

PAUSE = 1.0  # seconds between attempts


def confirm(host: str, transport: Transport, seal: str, within: float) -> None:
    """Confirm the change with this seal, trying again for some seconds. Raises DeployError."""
    deadline = time.monotonic() + within
    while True:
        try:
            return _attempt(host, transport, seal)
        except DeployError:
            if time.monotonic() + PAUSE > deadline:
                raise
        time.sleep(PAUSE)


def _attempt(host: str, transport: Transport, seal: str) -> None:
    channel = transport.open()
    answers = Answers(channel)
    try:
        channel.send(f"confirm {seal}\n".encode())
        deadline = time.monotonic() + SILENCE
        while answers.line(deadline) != b"heatsink confirmed\n":  # the greeting comes first
            continue
    except EndedError:
        raise DeployError(host, answers.complaint() or "the connection was lost") from None
    except NotUnderstoodError as error:
        raise DeployError(host, f"does not confirm, but answers {error}") from None
    except OSError as error:
        raise DeployError(host, str(error) or "no answer") from None
    finally:
        channel.close()


def is_current(transport: Transport, generation: int, within: float) -> bool:
    """Whether a confirmed change becomes current within some seconds. Of generation 0, which is a removal,
    nothing is left."""
    deadline = time.monotonic() + within
    while True:
        with suppress(DeployError, EndedError, NotUnderstoodError, OSError):
            greeting = _greeting(transport.open())
            if greeting.generation == generation and (greeting.digest != "-" or not generation):
                return True
        if time.monotonic() + PAUSE > deadline:
            return False
        time.sleep(PAUSE)


def _greeting(channel: Channel) -> Greeting:
    try:
        return read_greeting(Answers(channel).line(time.monotonic() + SILENCE))
    finally:
        channel.close()
