"""References to secrets: what stands in an artifact in place of a value that only the push knows.

A reference is a piece of text `@{heatsink:secret:NAME}` or, with the coding that the place asks for,
`@{heatsink:secret:NAME|url}`, `|json`. The host program puts the value in when it installs the file.
"""

from __future__ import annotations

import re

from compiler.host.manifest import SECRET, SECRET_MARK

PATTERN = re.compile(SECRET)


def reference(name: str) -> str:
    """The text that stands for the secret `name`."""
    return f"{SECRET_MARK}{name}}}"


def names(text: str) -> frozenset[str]:
    """The secrets that a text refers to."""
    return frozenset(match[1] for match in PATTERN.finditer(text)) if SECRET_MARK in text else frozenset()


def coded(text: str, coding: str) -> str:
    """The text with every reference marked to be coded as `url` or `json` when its value is put in."""
    if SECRET_MARK not in text:
        return text
    return PATTERN.sub(lambda match: f"{SECRET_MARK}{match[1]}{match[2]}|{coding}}}", text)
