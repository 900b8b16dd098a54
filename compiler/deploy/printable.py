"""Text of a stranger, made safe for a terminal."""

from __future__ import annotations

import re
import unicodedata

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")  # programs write them into their journals
_INVISIBLE = ("Cc", "Cf", "Cs", "Zl", "Zp")  # controls, formats (bidi overrides), surrogates, separators


def printable(text: str, longest: int = 4096) -> str:
    """The text on one line, without colours: other control characters become escapes (`\\x1b`)."""
    if text.isprintable() and len(text) <= longest:  # almost all are, and looking at each character costs
        return text
    plain = _COLOURS.sub("", text[: longest * 2]).expandtabs()
    shown = "".join(map(_shown, plain[:longest]))
    return shown if len(plain) <= longest else f"{shown}…"


def printable_lines(text: str, longest: int = 16_384) -> str:
    """The same for a text of several lines, which stay lines."""
    return "\n".join(map(printable, text[:longest].splitlines()))


def indented(text: str) -> str:
    """A text in which no line but the first can be taken for one of heatsink's own."""
    return text.replace("\n", "\n  | ")


def _shown(character: str) -> str:
    if unicodedata.category(character) in _INVISIBLE:
        return character.encode("unicode_escape").decode()
    return character
