"""The output of builds: a file for each image, and links to those of the images that failed.

build/image-logs/
  000_FAILED_keystone.log -> keystone.log
  base.log
  keystone.log
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from compiler.diagnostics import HeatsinkError, reason

NAME = Path("build/image-logs")
_FAILED = "000_FAILED_"  # as Kolla names them: they are the first of a listing


@dataclass(frozen=True, slots=True)
class LogFolder:
    """The folder of the logs of one tree."""

    folder: Path

    def create(self) -> None:
        """Raise HeatsinkError if no log could be written."""
        with _explained(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)

    def path(self, name: str) -> Path:
        """The log of the last build of an image."""
        return self.folder / f"{name}.log"

    @contextmanager
    def writing(self, name: str) -> Iterator[Callable[[str], None]]:
        """Begin the log of an image; what is yielded adds text, which can be read at once."""
        path = self.path(name)
        with _explained(path):
            log = path.open("w", encoding="utf-8", errors="backslashreplace", buffering=1)

        def write(text: str) -> None:
            with _explained(path):
                log.write(text)

        with log:
            yield write

    def failed(self, name: str) -> None:
        """Add the link of an image whose build failed."""
        self.succeeded(name)
        with suppress(OSError):  # of a file system without links, or that is full
            self._link(name).symlink_to(self.path(name).name)

    def succeeded(self, name: str) -> None:
        """Remove the link of an image whose build failed before."""
        with suppress(OSError):
            self._link(name).unlink()

    def _link(self, name: str) -> Path:
        return self.folder / f"{_FAILED}{self.path(name).name}"


def last_lines(path: Path, number: int) -> list[str]:
    """The end of a log."""
    return path.read_text(encoding="utf-8", errors="replace").splitlines()[-number:]


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise HeatsinkError(f"`{path}` cannot be written: {reason(error)}") from None
