"""Values written into the text of a secrets file, whose other lines stay as they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from compiler.node import Mapping as MappingNode
from compiler.source import Source

_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n"}


def with_values(source: Source, values: Mapping[str, str]) -> str:
    """The text of a secrets file with these values, for names that it has and others."""
    lines = source.text.splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    entries = dict(_entries(source, lines))
    for name in sorted(values.keys() & entries.keys(), key=lambda name: entries[name].start, reverse=True):
        lines[entries[name].start : entries[name].stop] = [_entry(name, values[name])]
    lines += [_entry(name, value) for name, value in values.items() if name not in entries]
    return "".join(lines)


def _entries(source: Source, lines: list[str]) -> Iterator[tuple[str, range]]:
    """The lines of each name, without the comments and blank lines before the next one."""
    from compiler.node.yaml import parse  # here: most pushes read no file of secrets

    root = parse(source)
    if not isinstance(root, MappingNode):
        return
    starts = sorted((root.key_span(name).line - 1, name) for name in root.entries)
    ends = [*(start for start, _ in starts[1:]), len(lines)]
    for (start, name), end in zip(starts, ends, strict=True):
        while end > start + 1 and (lines[end - 1].startswith("#") or not lines[end - 1].strip()):
            end -= 1
        yield name, range(start, end)


def _entry(name: str, value: str) -> str:
    """A name and its value: a text of several lines as a block, all others in quotes."""
    if _is_block(value):
        return f"{name}: |\n" + "".join(f"  {line}\n" for line in value[:-1].split("\n"))
    return f'{name}: "{"".join(map(_quoted, value))}"\n'


def _is_block(value: str) -> bool:
    lines = value[:-1].split("\n")
    is_plain = all(line and line.isascii() and line.isprintable() for line in lines)
    return value.endswith("\n") and len(lines) > 1 and is_plain and not lines[0].startswith(" ")


def _quoted(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    return character if " " <= character <= "~" else f"\\U{ord(character):08X}"
