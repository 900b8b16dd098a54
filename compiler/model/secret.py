"""References to secrets: what stands in an artifact in place of a value that only the push knows.

A reference is a piece of text `@{heatsink:secret:NAME}` or, with the coding that the place asks for,
`@{heatsink:secret:NAME|url}`, `|json`. The host program puts the value in when it installs the file.
"""

from __future__ import annotations

import re

PATTERN = re.compile(r"@\{heatsink:secret:([A-Za-z_][A-Za-z0-9_]*)((?:\|(?:url|json))*)\}")


def reference(name: str) -> str:
    """The text that stands for the secret `name`."""
    return f"@{{heatsink:secret:{name}}}"


def names(text: str) -> frozenset[str]:
    """The secrets that a text refers to."""
    return frozenset(match[1] for match in PATTERN.finditer(text)) if "@{heatsink:" in text else frozenset()


def coded(text: str, coding: str) -> str:
    """The text with every reference marked to be coded as `url` or `json` when its value is put in."""
    if "@{heatsink:" not in text:
        return text
    return PATTERN.sub(lambda match: f"@{{heatsink:secret:{match[1]}{match[2]}|{coding}}}", text)
