"""A unit file as a value, and the only place where it becomes text, quoted as in systemd.syntax(7)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from compiler.diagnostics import CompileError
from compiler.model import secret

Entry = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Section:
    """One section: its name and its entries, in order; a key may come several times."""

    name: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class UnitFile:
    """One unit file, or one Quadlet file."""

    sections: tuple[Section, ...]

    def text(self) -> bytes:
        """The file's content. Raises CompileError for what a unit file cannot contain."""
        content = "\n".join("\n".join(_lines(section)) + "\n" for section in self.sections if section.entries)
        if found := secret.names(content):
            raise CompileError(
                f"a unit would expose the secret `{min(found)}` to every user of the host",
                hint="pass it in `environment`, or in a file of `config_data`",
            )
        return content.encode()


def _lines(section: Section) -> Iterator[str]:
    yield f"[{section.name}]"
    for key, value in section.entries:
        if value.endswith("\\"):
            raise CompileError(
                f"`{key}` of a unit ends in a backslash, which would join it with the next line"
            )
        yield f"{key}={value}"


def verbatim(text: str) -> str:
    """A value with systemd's own syntax in it, specifiers and all."""
    return _printable(text)


def plain(text: str) -> str:
    """A value that systemd expands no specifier in."""
    return _printable(text).replace("%", "%%")


def several(key: str, words: Iterable[str]) -> list[Entry]:
    """One entry of all the words, or none if there are no words."""
    joined = " ".join(words)
    return [(key, joined)] if joined else []


def command(argv: Iterable[str], prefix: str = "") -> str:
    """A command line that systemd splits into exactly these words.

    `prefix` is systemd's own: `-` ignores failure.
    """
    return prefix + " ".join(map(word_of_command, argv))


def long_command(parts: Iterable[tuple[str, ...]]) -> str:
    """A command line of many words, each part on a line of its own."""
    return " \\\n    ".join(command(part) for part in parts if part)


def word_of_command(text: str) -> str:
    """One word of a command line, where `$` would begin a variable. Control characters have escapes."""
    return _CONTROL.sub(_escaped, _word(text)).replace("$", "$$")


def word(text: str) -> str:
    """One word of a list: quoted where systemd would split or expand it."""
    return _word(_printable(text))


def _word(text: str) -> str:
    escaped = text.replace("%", "%%")
    if text and not _NEEDS_QUOTES.search(text) and text != ";":
        return escaped
    return '"' + escaped.replace("\\", "\\\\").replace('"', '\\"') + '"'


_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_NEEDS_QUOTES = re.compile(r"""[ '"\\\x00-\x1f\x7f]""")


def _escaped(control: re.Match[str]) -> str:
    if control[0] == "\0":
        raise _control_character(control)
    return {"\n": r"\n", "\t": r"\t"}.get(control[0], f"\\x{ord(control[0]):02x}")


def _printable(text: str) -> str:
    if control := _CONTROL.search(text):
        raise _control_character(control)
    return text


def _control_character(control: re.Match[str]) -> CompileError:
    return CompileError(
        f"a unit cannot contain the control character {control[0]!r} in {control.string!r}",
        hint="put the text into a file of `config_data`",
    )
