"""The entry point: answers one request."""

from __future__ import annotations

import os
import sys

from .bus import Manager
from .machine import Machine
from .verbs import UNATTENDED, VERBS
from .wire import Pusher, PusherLeft, RefusedError, Unattended

MANAGER = "/run/systemd/private"  # where systemd's manager answers


def main() -> int:
    """Answer one request, or do what systemd asks: `revert`, `recover`.

    Exit status 0: done, 1: refused or a unit failed, 2: the pusher disconnected.
    """
    root = os.environ.get("HEATSINK_ROOT", "")
    machine = Machine(root, manager=None if root else Manager(MANAGER))
    if sys.argv[1:]:
        return _unattended(machine, sys.argv[1])
    pusher = Pusher(sys.stdin.fileno(), sys.stdout.buffer)
    if machine.manager:
        pusher.when_heard.append(machine.manager.rest)
    return answer(machine._replace(wait_until=pusher.wait_until), pusher)


def answer(machine: Machine, pusher: Pusher) -> int:
    """Answer a request of the pusher; what is returned is an exit status."""
    try:
        request = pusher.receive()
        return VERBS[request["do"]](machine, pusher, request)
    except (RefusedError, OSError) as error:
        refusal = RefusedError.of(error)
        pusher.send("refused", message=str(refusal), hint=refusal.hint)
        return 1
    except PusherLeft:
        return 2


def _unattended(machine: Machine, verb: str) -> int:
    try:
        return UNATTENDED[verb](machine)
    except (RefusedError, OSError) as error:
        Unattended().send("refused", text=str(RefusedError.of(error)))
        return 1


if __name__ == "__main__":
    sys.exit(main())
