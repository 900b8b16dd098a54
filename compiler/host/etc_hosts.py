"""Our block in /etc/hosts."""

from __future__ import annotations

from .disk import write
from .layout import ETC_HOSTS, HOSTS
from .machine import Machine
from .store import Generation

BEGIN, END = "# BEGIN heatsink", "# END heatsink"


def place_hosts(machine: Machine, wanted: Generation) -> None:
    """Make our block in /etc/hosts the bundle's list of hosts; without a list there is no block."""
    file = next((file for file in wanted.files if file.path == HOSTS), None)
    lines = wanted.content(machine, file).decode() if file else ""
    path = machine.path(ETC_HOSTS)
    before = path.read_text() if path.exists() else ""
    after = with_block(before, lines)
    if after != before:
        write(path, after.encode(), 0o644)


def with_block(text: str, lines: str) -> str:
    """A hosts file with our marked block replaced, added or (without lines) removed; all else unchanged."""
    start, end = text.find(f"{BEGIN}\n"), text.find(f"{END}\n")
    before, after = (text[:start], text[end + len(END) + 1 :]) if 0 <= start < end else (text, "")
    if before and not before.endswith("\n"):
        before += "\n"
    block = f"{BEGIN}\n{lines.rstrip()}\n{END}\n" if lines.strip() else ""
    return before + block + after
