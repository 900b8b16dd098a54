"""A git repository for tests, at a `file://` URL."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

_AUTHOR = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "A"), ("EMAIL", "a@example.com"), ("DATE", "2026-01-01T00:00:00Z"))
}


class GitRepository:
    """An empty repository in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.git("init", "--quiet", "--initial-branch=main")

    @property
    def url(self) -> str:
        """Where it is."""
        return f"file://{self.folder}"

    def commit(self, **files: str) -> str:
        """The hash of a new commit with these files."""
        for name, text in files.items():
            (self.folder / name).write_text(text)
        self.git("add", ".")
        self.git("commit", "--quiet", "--message=change")
        return self.git("rev-parse", "HEAD")

    def submodule(self, location: str, path: str) -> None:
        """Add another repository below a path, and commit that."""
        self.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", location, path)
        self.commit()

    def git(self, *arguments: str) -> str:
        """What git prints."""
        command = ("git", "-C", str(self.folder), *arguments)
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder), **_AUTHOR}
        done = subprocess.run(command, check=True, text=True, capture_output=True, env=environment)
        return done.stdout.strip()
