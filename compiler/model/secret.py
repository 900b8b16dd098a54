"""Secrets: values of hidden parameters, and references in artifacts to values that only a push has.

A reference is the text `@{heatsink:secret:NAME}` or, with the encoding that its place requires,
`@{heatsink:secret:NAME|url}` (`CODINGS` has them all). The host program inserts the value when it installs
the file.
"""

from __future__ import annotations

import re

from compiler.host.manifest import SECRET, SECRET_MARK
from compiler.node import Node, leaves

PATTERN = re.compile(SECRET)
EXPOSED = "would expose a secret to every user of the host"
FORGED = "refers to a secret that is not one of its hidden parameters"
TO_REFER = "use `get_param` with a parameter that has `hidden: true`"


def reference(name: str) -> str:
    """The reference to the secret `name`."""
    return f"{SECRET_MARK}{name}}}"


def names(text: str) -> frozenset[str]:
    """The secrets that a text refers to."""
    return frozenset(match[1] for match in PATTERN.finditer(text)) if SECRET_MARK in text else frozenset()


def coded(text: str, coding: str) -> str:
    """The text with every reference marked to be encoded, such as for `json`, when its value is inserted."""
    if SECRET_MARK not in text:
        return text
    return PATTERN.sub(lambda match: f"{SECRET_MARK}{match[1]}{match[2]}|{coding}}}", text)


def held_by(node: Node) -> bool:
    """Whether a hidden value is in the node, or a reference to a secret."""
    return any(leaf.is_hidden or bool(names(str(leaf.value))) for leaf in leaves(node))
