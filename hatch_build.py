"""What the wheel holds beside the package: man pages, made from the command line while it is built."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ManPages(BuildHookInterface):
    """Puts a page for each command into `share/man/man1`."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Write the pages; an editable install, whose commands still change, has none."""
        if version == "editable":
            return
        self._folder = TemporaryDirectory()  # until the wheel is written
        script = Path(self.root, "scripts", "man_pages.py")
        path = os.pathsep.join(filter(None, (self.root, os.environ.get("PYTHONPATH"))))
        command = (sys.executable, str(script), self._folder.name)
        subprocess.run(command, check=True, env=os.environ | {"PYTHONPATH": path})
        for page in sorted(Path(self._folder.name).iterdir()):
            build_data["shared_data"][str(page)] = f"share/man/man1/{page.name}"
