"""The entry point: answers one request."""

from __future__ import annotations

import errno
import os
import sys

from .layout import HOME
from .machine import Machine
from .verbs import VERBS
from .wire import Pusher, PusherLeft, RefusedError


def main() -> int:
    """Answer one request. Exit status 0: done, 1: refused or a unit failed, 2: the pusher disconnected."""
    machine = Machine(root=os.environ.get("HEATSINK_ROOT", ""))
    pusher = Pusher(sys.stdin.buffer, sys.stdout.buffer)
    try:
        request = pusher.receive()
        return VERBS[request["do"]](machine, pusher, request)
    except RefusedError as refusal:
        pusher.send("refused", message=str(refusal), hint=refusal.hint)
        return 1
    except PusherLeft:
        return 2
    except OSError as error:  # a full disk, a folder in place of a file, a missing program
        hint = "free disk space and push again" if error.errno in (errno.ENOSPC, errno.EDQUOT) else ""
        pusher.send("refused", message=f"{error.strerror}: `{error.filename or HOME}`", hint=hint)
        return 1


if __name__ == "__main__":
    sys.exit(main())
