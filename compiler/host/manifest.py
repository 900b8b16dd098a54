"""manifest.json: the contents of one host's bundle (docs/formats.md), and references to secrets.

The compiler writes it from these classes; deploy and the host program read it with them.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

# The newest that is supported. Format 1 had no `engine`, and its units also `alias`, `order` and `restart`.
FORMAT = 2
ENGINES: Mapping[str, str] = {"podman": "podman", "docker": "docker.io"}  # engine → its Debian package
_ENGINES_OF_FORMAT_1 = {"quadlet": "podman"}  # backend → its engine; the others had the same name

SERVICE, RUN_ONCE, SCHEDULED, TARGET = "service", "run-once", "scheduled", "target"  # kinds of units
KINDS = (SERVICE, RUN_ONCE, SCHEDULED, TARGET)


class UnfitError(ValueError):
    """A value of a secret that its place cannot hold: why not."""


def one_line(text: str) -> str:
    """The text, for a file in which a line break would begin another entry. Raises UnfitError."""
    if set(text) & BREAKS:
        raise UnfitError("contains a line break or another control character")
    return text


def _quoted(text: str) -> str:
    from urllib.parse import quote  # here: most requests have no need of it

    return quote(text, safe="")


def _base64(text: str) -> str:
    from binascii import b2a_base64  # likewise; python3-minimal has no `base64`

    return b2a_base64(text.encode(), newline=False).decode()


BREAKS = frozenset("\r\n\0")
CODINGS: Mapping[str, Callable[[str], str]] = {
    "url": _quoted,
    "json": lambda value: json.dumps(value)[1:-1],
    "ini": lambda value: one_line(value.rstrip("\n")),
    "env": one_line,
    "base64": _base64,
}
SECRET_MARK = "@{heatsink:secret:"  # noqa: S105 - how references begin, not a secret
NAME = "[A-Za-z_][A-Za-z0-9_]*"  # of a secret
SECRET = rf"{re.escape(SECRET_MARK)}({NAME})((?:\|(?:{'|'.join(CODINGS)}))*)\}}"

T = TypeVar("T", bound=NamedTuple)


class UnsupportedError(Exception):
    """A manifest that is not supported: what is wrong, and what to do next."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


class File(NamedTuple):
    """One file of the manifest."""

    path: str
    mode: str
    owner: str
    sha256: str
    size: int
    sensitive: bool
    takes_over: Sequence[str] = ()  # paths whose originals are kept: its own, or those that its lines write


class Link(NamedTuple):
    """One symbolic link of the manifest."""

    path: str
    target: str


class Unit(NamedTuple):
    """One unit of the manifest. Its hash changes exactly when the unit must restart."""

    name: str
    kind: str
    step: int
    hash: str
    service: str = ""
    container: str = ""
    alias: str | None = None  # another name that its own file gives it, without a link in the manifest
    stamp: str | None = None
    health: bool = False
    files: Sequence[str] = ()
    images: Sequence[str] = ()
    secrets: Sequence[str] = ()

    @property
    def is_target(self) -> bool:
        """Whether it only groups other units."""
        return self.kind == TARGET

    @property
    def runs_once(self) -> bool:
        """Whether it runs to its end once, and is up when that is done."""
        return self.kind == RUN_ONCE

    @property
    def is_scheduled(self) -> bool:
        """Whether a timer, which is a unit of its own, starts it from time to time, and nothing else does."""
        return self.kind == SCHEDULED


class Listener(NamedTuple):
    """One port on which a container or a service listens in the host's own network."""

    port: int
    protocol: str
    address: str  # "": every address
    owner: str  # the container's or the service's name


class Manifest(NamedTuple):
    """A whole manifest; its fields are its keys."""

    format: int
    host: str
    role: str
    backend: str
    engine: str  # the program that runs its containers
    files: Sequence[File]
    links: Sequence[Link]
    units: Sequence[Unit]
    images: Sequence[str] = ()
    secrets: Sequence[str] = ()
    volumes: Sequence[str] = ()
    listeners: Sequence[Listener] = ()
    kernel_modules: Sequence[str] = ()
    project: str = ""  # of the hosts file that it was compiled with

    @property
    def paths(self) -> list[str]:
        """Where its files and links are installed."""
        return [file.path for file in self.files] + [link.path for link in self.links]

    @property
    def takes_over(self) -> frozenset[str]:
        """The paths whose originals are kept, and given back when they leave."""
        return frozenset(path for file in self.files for path in file.takes_over)

    @classmethod
    @lru_cache(maxsize=16)  # of the same generation, many times in one change
    def parse(cls, content: bytes) -> Manifest:
        """Read a manifest.json of format 1 or 2. UnsupportedError if it is newer or its engine unknown."""
        entries = _entries(content)
        rows = {
            "files": [from_entry(File, entry) for entry in entries["files"]],
            "links": [from_entry(Link, entry) for entry in entries["links"]],
            "units": [from_entry(Unit, entry) for entry in entries["units"]],
            "listeners": [from_entry(Listener, entry) for entry in entries.get("listeners", ())],
        }
        return from_entry(cls, {**entries, **rows})

    @staticmethod
    def secrets_in(content: bytes) -> Sequence[str]:
        """The secrets that a manifest.json names; it is read as by `parse`, in a third of the time."""
        secrets: Sequence[str] = _entries(content).get("secrets", ())
        return secrets

    def as_json(self) -> bytes:
        """A manifest.json, as parse reads it."""
        tables: Mapping[str, Sequence[NamedTuple]] = {
            "files": self.files,
            "links": self.links,
            "units": self.units,
            "listeners": self.listeners,
        }
        rows = {key: [row._asdict() for row in table] for key, table in tables.items()}
        return json.dumps({**self._asdict(), **rows}, sort_keys=True).encode()


def _entries(content: bytes) -> dict[str, Any]:
    """The keys of a manifest.json and their values, with an engine that is known."""
    entries: dict[str, Any] = json.loads(content)
    if entries["format"] > FORMAT:
        raise UnsupportedError(
            f"the manifest has format {entries['format']}; this heatsink reads formats up to {FORMAT}",
            hint="use the heatsink that compiled it, or a newer one",
        )
    engine = entries.get("engine") or _ENGINES_OF_FORMAT_1.get(entries["backend"], entries["backend"])
    if engine not in ENGINES:
        raise UnsupportedError(
            f"the manifest names the unknown engine `{engine}`",
            hint=f"known engines: {', '.join(sorted(ENGINES))}",
        )
    return {**entries, "engine": engine}


def from_entry(kind: type[T], entry: Mapping[str, Any]) -> T:
    """A NamedTuple from a mapping. Unknown keys are ignored: other formats may have them."""
    make: Callable[..., T] = kind
    return make(**{key: value for key, value in entry.items() if key in kind._fields})


def names_of(units: Iterable[Unit]) -> list[str]:
    """The names of units."""
    return [unit.name for unit in units]


def digest(salt: str, sha256: str, secrets: Mapping[str, str]) -> str:
    """A digest of a hash, a generation's or a unit's, and of the secret values that belong to it.

    It is keyed with the host's salt, so that weak secrets cannot be guessed from it.
    """
    text = json.dumps([sha256, sorted(secrets.items())])
    return hashlib.blake2b(text.encode(), key=salt.encode(), digest_size=32).hexdigest()


def with_secrets(content: bytes, secrets: Mapping[str, str]) -> bytes:
    """The content with each `@{heatsink:secret:NAME|coding}` replaced by its value, encoded left to right.

    Raises UnfitError, which names the secret, for a value that its place cannot hold.
    """

    def value(match: re.Match[bytes]) -> bytes:
        name = match[1].decode()
        text = secrets[name]
        for coding in filter(None, match[2].decode().split("|")):
            try:
                text = CODINGS[coding](text)
            except UnfitError as error:
                raise UnfitError(f"the value of `{name}` {error}") from None
        return text.encode()

    return re.sub(SECRET.encode(), value, content)
