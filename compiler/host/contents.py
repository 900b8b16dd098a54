"""What is in the files of kept generations, and in those on the host: their meaning, sources and texts."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from .installed import Installed
from .journal import masked
from .machine import Machine
from .store import Generation, generation, generations, kept_generations
from .wire import RefusedError

LONGEST_TEXT = 64 << 10  # bytes of a file that is shown
ALL_TEXTS = 1 << 20  # bytes that are shown of a host

_SOURCE = rb"(?m)^X-Source=(.*)\n?|Managed by heatsink, from (.*)$"
_SECTION = r"\s*\[(.*)\]\s*$"
_ENTRY = r"\s*([^#;\s][^=]*?)\s*=(.*)$"
_FOR_READERS = ("X-", "Description", "Documentation")  # entries that change nothing for a unit


def generation_installed(machine: Machine, installed: Installed) -> Generation:
    """The generation that is installed; one of nothing if it is not kept, or damaged."""
    if installed.generation in generations(machine):
        with contextlib.suppress(RefusedError):
            return generation(machine, installed.generation)
    return Generation.nothing(installed.engine)


def content(machine: Machine, kept: Generation, path: str) -> bytes | None:
    """A file of a generation, with references in place of secrets; None if it has no such file."""
    with contextlib.suppress(FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return machine.path(f"{kept.folder}/root{path}").read_bytes()
    return None


def meaning(text: bytes | None) -> bytes | None:
    """A file without the lines that say what it was compiled from."""
    return text and re.sub(_SOURCE, b"", text)


def sources(texts: Iterable[bytes | None]) -> list[str]:
    """What some files were compiled from: templates, and environments with the parameters that they set."""
    matches = (match for text in texts for match in re.findall(_SOURCE, text or b""))
    return list(dict.fromkeys((unit or file).decode(errors="replace") for unit, file in matches))


def entries(unit: bytes) -> list[tuple[str, str, str]]:
    """The entries of a unit file as section, key and value, however they are spaced, folded or commented.

    Sections and keys are sorted: only the order of entries with the same key has a meaning.
    """
    return sorted(_parsed(unit.decode(errors="replace")), key=lambda entry: entry[:2])


def _parsed(text: str) -> Iterator[tuple[str, str, str]]:
    section = ""
    for line in text.replace("\\\n", " ").splitlines():
        if header := re.match(_SECTION, line):
            section = header[1]
        elif (entry := re.match(_ENTRY, line)) and not entry[1].startswith(_FOR_READERS):
            yield section, entry[1], " ".join(entry[2].split())


def texts_before(machine: Machine, wanted: Generation, paths: Sequence[str]) -> dict[str, str]:
    """Path → what is in a file on the host that will be replaced, of those that may be shown.

    A file may be if no generation keeps secrets in it, and heatsink wrote it or all users can read it.
    """
    kept = [wanted, *kept_generations(machine)]
    private = {file.path for each in kept for file in each.files if file.sensitive}
    ours = {file.path for each in kept[1:] for file in each.files}
    secrets = {
        f"{number} {name}": value for number, each in enumerate(kept) for name, value in each.secrets.items()
    }
    shown: dict[str, str] = {}
    rest = ALL_TEXTS
    for path in paths:
        text = None if path in private else _text(machine.path(path), may_be_private=path in ours)
        if text is not None and len(text) <= rest:
            rest -= len(text)
            shown[path] = masked(text, secrets)
    return shown


def _text(path: Path, *, may_be_private: bool) -> str | None:
    """What is in a small text file; None of any other."""
    try:
        status = path.lstat()
        if status.st_size > LONGEST_TEXT or not (may_be_private or status.st_mode & 0o004):
            return None
        return path.read_bytes().decode() if path.is_file() and not path.is_symlink() else None
    except (OSError, UnicodeDecodeError):
        return None
