"""A command that runs."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Sequence

from .activity import Done, TimeLimitError, shortened


class RunningCommand:
    """A command that runs, with its output captured and with a time limit."""

    def __init__(self, argv: Sequence[str], limit: float, **environment: str) -> None:
        self.text = shortened(argv)
        self.result: Done | None = None
        self._is_killed = False
        self.limit = limit
        self._deadline = time.monotonic() + limit
        self._process = subprocess.Popen(
            argv,
            env={**os.environ, "LC_ALL": "C", **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,  # so that it can be killed with all that it has started
        )

    def has_ended(self, wait: float = 0.01) -> bool:
        """Whether `result` is there, after some seconds at most. Raises TimeLimitError at its limit."""
        if self.result:
            return True
        if self._is_killed:
            raise TimeLimitError(self.text, self.limit)
        try:
            output, errors = self._process.communicate(timeout=wait)
        except subprocess.TimeoutExpired:
            if time.monotonic() < self._deadline:
                return False
            self.kill()
            raise TimeLimitError(self.text, self.limit) from None
        self.result = Done(self._process.returncode, output, errors)
        return True

    def kill(self) -> None:
        """Kill it with all that it has started, unless it has ended."""
        if self.result or self._is_killed:
            return
        self._is_killed = True
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        for pipe in (self._process.stdout, self._process.stderr):
            if pipe:
                pipe.close()
        with contextlib.suppress(subprocess.TimeoutExpired):  # of one that waits for a disk
            self._process.wait(timeout=1)
