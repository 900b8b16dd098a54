"""Processes that tests have started."""

from __future__ import annotations

import time
from pathlib import Path


def ends(pid: str, seconds: float = 10) -> bool:
    """Whether a process ends within some seconds: one that is killed still exists for a moment."""
    deadline = time.monotonic() + seconds
    while (alive := _is_alive(pid)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not alive


def _is_alive(pid: str) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
