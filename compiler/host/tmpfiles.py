"""Files that lines of tmpfiles.d(5) write or delete whatever is there: those of others are not to be."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from .contents import content
from .layout import TMPFILES
from .machine import Machine
from .store import Generation, kept_generations
from .wire import RefusedError

# As the compiler writes them: type, path, …; a path with blanks, quotes or backslashes is quoted.
_LINE = rb'(?m)^(?:[wrR]\S*|\S+\+\S*) (?:"((?:[^"\\]|\\.)*)"|(\S+))'
_ESCAPED = r"\\(.)|%(%)"
_PASSING = ("/dev/", "/proc/", "/run/", "/sys/", "/tmp/", "/var/run/", "/var/tmp/")  # no files of anybody  # noqa: S108


def check_tmpfiles(machine: Machine, staged: Generation) -> None:
    """Refuse a bundle whose lines replace a file that is not heatsink's and is not taken over.

    What a line of a kept generation has written is heatsink's.
    """
    ours = {path for kept in kept_generations(machine) for path in _replaced(machine, kept)}
    new = {*_replaced(machine, staged)} - ours - {*staged.manifest.paths} - staged.manifest.takes_over
    if theirs := [path for path in sorted(new) if os.path.lexists(machine.path(path))]:
        names = ", ".join(f"`{path}`" for path in theirs)
        raise RefusedError(
            f"lines of `tmpfiles` would replace what was on this host before heatsink: {names}",
            "with `take_over: true` a file is kept, and given back later; or move it away and push again",
        )


def _replaced(machine: Machine, generation: Generation) -> Iterator[str]:
    """The paths that a generation's lines replace, without patterns and what does not outlive a boot."""
    for quoted, plain in re.findall(_LINE, content(machine, generation, TMPFILES) or b""):
        path = re.sub(
            _ESCAPED, lambda match: match[1] or match[2], (quoted or plain).decode(errors="replace")
        )
        if not path.startswith(_PASSING) and not set(path) & set("*?["):
            yield path
