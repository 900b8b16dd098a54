"""Files of lines with a key and its value, whose keys can be set one by one."""

from __future__ import annotations

from collections.abc import Mapping

from compiler.node import Plain


def with_settings(text: str, separator: str, settings: Mapping[str, Plain]) -> str:
    """The text with these values: where the key stands, or at the end. A list repeats it, null removes it."""
    left = {key: _lines(key, separator, value) for key, value in settings.items()}
    lines: list[str] = []
    for line in text.splitlines():
        key = _key(line, separator)
        if key in settings:
            lines += left.pop(key, ())  # the first line of a key is replaced, all others go
        else:
            lines.append(line)
    for added in left.values():
        lines += added
    return "".join(f"{line}\n" for line in lines)


def _key(line: str, separator: str) -> str:
    return line.strip().partition(separator.strip() or " ")[0].strip()


def _lines(key: str, separator: str, value: Plain) -> list[str]:
    items = value if isinstance(value, list) else [] if value is None else [value]
    return [f"{key}{separator}{str(item).lower() if isinstance(item, bool) else item}" for item in items]
