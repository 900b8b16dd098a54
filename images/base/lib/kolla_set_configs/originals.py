"""What the image itself has where the configuration is installed."""

import contextlib
import json
import os
from pathlib import Path, PurePath

from .copies import Copy
from .files import Root, clone, remove

DEFAULTS = "/etc/kolla/defaults"
STATE = "/etc/kolla/defaults/state"
SAVED, ABSENT, COPIED, MADE = "saved", "absent", "copied", "made"
FOLDERS = (COPIED, MADE)


class Originals:
    """What the image has where the configuration is installed; every start begins with it again.

    `known` has the paths that were replaced (SAVED) or created (ABSENT), the folders that were merged where
    the image has none (COPIED), and those made for all these (MADE).
    """

    def __init__(self, root: Root) -> None:
        self.root = root
        self.state = root.path(STATE)
        self.known: dict[str, str] = json.loads(self.state.read_text()) if self.state.exists() else {}

    def restore(self) -> None:
        """Undo the last start. A folder that was made stays if the service has put something into it."""
        for name, kind in sorted(self.known.items()):
            if kind not in FOLDERS:
                remove(self.root.path(name))
            if kind == SAVED:
                clone(self.root.path(DEFAULTS + name), self.root.path(name))
        for name in sorted((name for name, kind in self.known.items() if kind in FOLDERS), reverse=True):
            with contextlib.suppress(OSError):
                self.root.path(name).rmdir()
        self.known = {}
        self.state.unlink(missing_ok=True)
        remove(self.root.path(DEFAULTS))

    def save(self, dest: Path, absent: str = ABSENT) -> None:
        """Keep what the image has at a path; `absent` says what is put there if it has nothing."""
        name = self.root.name(dest)
        if self._replaced(name):
            return
        for parent in PurePath(name).parents:
            if not os.path.lexists(self.root.path(parent)):
                self.known[str(parent)] = MADE
        if os.path.lexists(dest) and name not in self.known:
            clone(dest, self.root.path(DEFAULTS + name))
            self.known[name] = SAVED
        else:
            self.known[name] = absent
        self._write()

    def replaced(self) -> set[Path]:
        """The paths that the next start restores as they were."""
        return {self.root.path(name) for name, kind in self.known.items() if kind not in FOLDERS}

    def remains(self, copy: Copy) -> bool:
        """Whether a copy is a folder that is merged into one of the image, which keeps its owner and mode."""
        name = self.root.name(copy.dest)
        ours = name in self.known or self._replaced(name)
        return copy.merge and copy.directory and copy.dest.is_dir() and not ours

    def _replaced(self, name: str) -> bool:
        """Whether a path, or a folder above it, was replaced as a whole."""
        paths = (PurePath(name), *PurePath(name).parents)
        return any(self.known.get(str(path)) in (SAVED, ABSENT) for path in paths)

    def _write(self) -> None:
        self.state.parent.mkdir(parents=True, exist_ok=True)
        new = self.state.with_name("state.new")
        new.write_text(json.dumps(self.known, sort_keys=True))
        new.replace(self.state)
