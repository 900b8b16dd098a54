"""Lines of a known_hosts file, as sshd(8) describes them under SSH_KNOWN_HOSTS FILE FORMAT."""

from __future__ import annotations

import hmac
import re
from base64 import b64decode, b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from hashlib import sha256


class Marker(StrEnum):
    """What a line says of its key."""

    NONE = ""
    REVOKED = "@revoked"
    AUTHORITY = "@cert-authority"


@dataclass(frozen=True, kw_only=True)
class KnownLine:
    """A line: the names of hosts, and a key that they have, must not have, or whose owner certifies theirs.

    [MARKER] NAME,PATTERN*,!PATTERN?… KEY-TYPE BASE64 [COMMENT]
    [MARKER] |1|SALT|HASH KEY-TYPE BASE64 [COMMENT]
    """

    marker: Marker
    patterns: tuple[str, ...]
    key_type: str
    key: bytes

    @property
    def is_plain(self) -> bool:
        """Whether it has names only, no pattern and no hash."""
        return not re.search(r"[*?!|]", ",".join(self.patterns))

    def names(self, name: str) -> bool:
        """Whether the line is for `host` or `[host]:port`, in lower case; a negated pattern excludes it."""
        if self.patterns[0].startswith("|"):
            return _is_hash_of(self.patterns[0], name)
        return bool(self._wanted.fullmatch(name)) and not self._unwanted.fullmatch(name)

    @cached_property
    def _wanted(self) -> re.Pattern[str]:
        return _any_of(pattern for pattern in self.patterns if not pattern.startswith("!"))

    @cached_property
    def _unwanted(self) -> re.Pattern[str]:
        return _any_of(pattern[1:] for pattern in self.patterns if pattern.startswith("!"))


def known_line(text: str) -> KnownLine | None:
    """The line in a text; None for an empty one, a comment, and, as OpenSSH has it, one that is not valid."""
    words = text.split()
    has_marker = text.lstrip().startswith("@")
    try:
        marker = Marker(words.pop(0)) if has_marker else Marker.NONE
        names, key_type, key = words[:3]
        content = b64decode(key, validate=True)
    except ValueError:
        return None
    patterns = tuple(filter(None, names.split(",")))
    if not patterns or names.startswith("#"):
        return None
    return KnownLine(marker=marker, patterns=patterns, key_type=key_type, key=content)


def fingerprint(key: bytes) -> str:
    """The fingerprint of a key, as ssh-keygen shows it."""
    return f"SHA256:{b64encode(sha256(key).digest()).decode().rstrip('=')}"


def _is_hash_of(hashed: str, name: str) -> bool:
    try:
        _, version, salt, value = hashed.split("|")
        return version == "1" and hmac.digest(b64decode(salt), name.encode(), "sha1") == b64decode(value)
    except ValueError:
        return False


def _any_of(patterns: Iterable[str]) -> re.Pattern[str]:
    """What any of some patterns matches: `*` is any text, `?` any character."""
    wild = {"*": ".*", "?": "."}
    expressions = (
        "".join(wild.get(part, re.escape(part)) for part in pattern.lower()) for pattern in patterns
    )
    return re.compile("|".join(expressions) or r"(?!)", re.S)
