"""A generation's manifest: its files, links and units, and the secrets that its files refer to."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
import urllib.parse
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

FORMAT = 1

SECRET = re.compile(rb"@\{heatsink:secret:([A-Za-z_][A-Za-z0-9_]*)((?:\|(?:url|json))*)\}")
CODINGS: Mapping[str, Callable[[str], str]] = {
    "url": lambda value: urllib.parse.quote(value, safe=""),
    "json": lambda value: json.dumps(value)[1:-1],
}

T = TypeVar("T")


@dataclasses.dataclass(frozen=True)
class File:
    """One file of the manifest."""

    path: str
    mode: str
    owner: str
    sha256: str
    size: int
    sensitive: bool


@dataclasses.dataclass(frozen=True)
class Link:
    """One symbolic link of the manifest."""

    path: str
    target: str


@dataclasses.dataclass(frozen=True)
class Unit:
    """One unit of the manifest."""

    name: str
    kind: str
    step: int
    hash: str
    service: str = ""
    container: str = ""
    stamp: str | None = None
    health: bool = False
    images: Sequence[str] = ()
    secrets: Sequence[str] = ()

    @property
    def is_target(self) -> bool:
        """Whether it only gathers others."""
        return self.kind == "target"

    @property
    def runs_once(self) -> bool:
        """Whether it is up when it is done."""
        return self.kind == "run-once"


def made(kind: Callable[..., T], entry: Mapping[str, Any]) -> T:
    """A dataclass of an entry; keys that it does not have are left out."""
    known = {field.name for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    return kind(**{key: value for key, value in entry.items() if key in known})


def names_of(units: Iterable[Unit]) -> list[str]:
    """The units' names."""
    return [unit.name for unit in units]


def digest(salt: str, manifest: str, secrets: Mapping[str, str]) -> str:
    """What tells a generation from every other: its manifest's hash and its secrets' values.

    Keyed with the host's own salt, so that a weak secret cannot be guessed from it elsewhere.
    """
    text = json.dumps([manifest, sorted(secrets.items())])
    return hashlib.blake2b(text.encode(), key=salt.encode(), digest_size=32).hexdigest()


def with_secrets(content: bytes, secrets: Mapping[str, str]) -> bytes:
    """The content with each `@{heatsink:secret:NAME|coding}` replaced by the value, coded left to right."""

    def value(match: re.Match[bytes]) -> bytes:
        text = secrets[match[1].decode()]
        for coding in filter(None, match[2].decode().split("|")):
            text = CODINGS[coding](text)
        return text.encode()

    return SECRET.sub(value, content)
