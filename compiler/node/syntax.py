"""Mistakes in YAML's syntax, in an operator's words.

libyaml says what its scanner expected; the rows of `_MESSAGES` say what is wrong in the file, and what to do.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import yaml
from yaml.reader import ReaderError

from compiler.diagnostics import CompileError
from compiler.node import Mark
from compiler.source import Source, Span


@dataclass(frozen=True, slots=True)
class _SyntaxMessage:
    """A message and a hint; `{line}` is where the part began that libyaml was reading."""

    text: str
    hint: str
    at_start: bool = False  # the place to show is where that part began


_TAB = _SyntaxMessage("a tab is used for indentation", "indent with spaces")
_ESCAPE = _SyntaxMessage(
    "unknown escape in double quotes", "use single quotes, or write a backslash as `\\\\`"
)
_QUOTE_IT = "put the value in quotes if it is text"
_NEVER_FIRST = {
    "\t": _TAB,
    "`": _SyntaxMessage("a value cannot start with a backtick", _QUOTE_IT),
    "@": _SyntaxMessage("a value cannot start with `@`", _QUOTE_IT),
    "%": _SyntaxMessage("a value cannot start with `%`", _QUOTE_IT),
}
_CONFLICT = _SyntaxMessage("an unresolved merge conflict", "resolve it, and remove its marks", at_start=True)
_MESSAGES = {
    "did not find expected <document start>": _SyntaxMessage(
        "expected the end of the file", "write `key: value` on each line"
    ),
    "found a tab character that violates indentation": _TAB,
    "found a tab character where an indentation space is expected": _TAB,
    "mapping values are not allowed in this context": _SyntaxMessage(
        "unexpected `:`", "put text that contains `: ` in quotes, or correct the indentation"
    ),
    "could not find expected ':'": _SyntaxMessage(
        "missing `:` after a key", "write `key: value`", at_start=True
    ),
    "found unexpected end of stream": _SyntaxMessage(
        "unclosed quote", "add the closing quote", at_start=True
    ),
    "did not find expected ',' or ']'": _SyntaxMessage(
        "expected `,` or `]`", "close the list that starts on line {line}, or separate its items with commas"
    ),
    "did not find expected ',' or '}'": _SyntaxMessage(
        "expected `,` or `}`",
        "close the mapping that starts on line {line}, or separate its keys with commas",
    ),
    "did not find expected key": _SyntaxMessage(
        "expected a key of the mapping that starts on line {line}", "correct the indentation or the quotes"
    ),
    "did not find expected '-' indicator": _SyntaxMessage(
        "expected an item of the list that starts on line {line}",
        "start it with `- `, or correct the indentation",
    ),
    "block sequence entries are not allowed in this context": _SyntaxMessage(
        "a list cannot start here", "start it on a line of its own"
    ),
    "did not find expected node content": _SyntaxMessage("expected a value", _QUOTE_IT),
    "did not find expected alphabetic or numeric character": _SyntaxMessage("expected a name", _QUOTE_IT),
    "found unknown escape character": _ESCAPE,
    "found invalid Unicode character escape code": _ESCAPE,
    "did not find expected hexdecimal number": _ESCAPE,
    "found undefined tag handle": _SyntaxMessage("unknown tag", "remove the tag"),
}


def syntax_error(source: Source, error: yaml.YAMLError) -> CompileError:
    """What is wrong in the text, and where."""
    if isinstance(error, ReaderError):
        return _unreadable(source, error)
    assert isinstance(error, yaml.MarkedYAMLError)
    message = _message(source, error)
    start = error.context_mark or error.problem_mark
    mark = start if message.at_start else error.problem_mark or start
    line = start.line + 1 if start else 1
    text, hint = (part.replace("{line}", str(line)) for part in (message.text, message.hint))
    return CompileError(f"invalid YAML: {text}", point(source, mark), hint or None)


def _message(source: Source, error: yaml.MarkedYAMLError) -> _SyntaxMessage:
    problem = error.problem or ""
    start = error.context_mark or error.problem_mark
    if start and re.match(r"<{7}|={7}|>{7}", source.line(start.line + 1)):
        return _CONFLICT
    if problem == "found character that cannot start any token" and error.problem_mark is not None:
        character = source.line(error.problem_mark.line + 1)[error.problem_mark.column :][:1]
        if character in _NEVER_FIRST:
            return _NEVER_FIRST[character]
    return _MESSAGES.get(problem) or _SyntaxMessage(f"{problem} {error.context or ''}".rstrip(), "")


def _unreadable(source: Source, error: ReaderError) -> CompileError:
    """The error for a character that libyaml does not read; it counts the bytes before."""
    before = source.text.encode()[: error.position].decode()
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    return CompileError(
        f"invalid YAML: character U+{ord(source.text[len(before)]):04X} is not allowed",
        Span(source, line, column, line, column + 1),
        "remove it, or write it as an escape in double quotes",
    )


def point(source: Source, mark: Mark | None) -> Span:
    """The one character at a mark; without one the first of the text."""
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    return Span(source, line, column, line, column + 1)
