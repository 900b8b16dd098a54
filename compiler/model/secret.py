"""References to secrets: placeholders in artifacts for values that only a push has.

A reference is the text `@{heatsink:secret:NAME}` or, with the encoding that its place requires,
`@{heatsink:secret:NAME|url}`, `|json`. The host program inserts the value when it installs the file.
"""

from __future__ import annotations

import re

from compiler.host.manifest import SECRET, SECRET_MARK

PATTERN = re.compile(SECRET)


def reference(name: str) -> str:
    """The reference to the secret `name`."""
    return f"{SECRET_MARK}{name}}}"


def names(text: str) -> frozenset[str]:
    """The secrets that a text refers to."""
    return frozenset(match[1] for match in PATTERN.finditer(text)) if SECRET_MARK in text else frozenset()


def coded(text: str, coding: str) -> str:
    """The text with every reference marked to be encoded as `url` or `json` when its value is inserted."""
    if SECRET_MARK not in text:
        return text
    return PATTERN.sub(lambda match: f"{SECRET_MARK}{match[1]}{match[2]}|{coding}}}", text)
