"""JSON text to nodes with positions.

YAML reads almost all JSON as it is meant; `1e3`, `NaN` and the escape `\\/` it does not.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from typing import NamedTuple

from compiler.diagnostics import CompileError
from compiler.node import Mapping, Node, Scalar, Sequence
from compiler.node.yaml import DEEPEST, Repeated
from compiler.source import Source, Span

_DECODER = json.JSONDecoder()
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_BLANK = re.compile(r"[ \t\n\r]*")


class _Place(NamedTuple):
    line: int
    column: int


def parse_json(source: Source, repeated: list[Repeated]) -> Node:
    """The document of a JSON text; of equal keys the last wins, and they are added to `repeated`.

    Raises CompileError for invalid JSON, and where it is nested too deeply.
    """
    _check(source)
    return _JsonReader(source, repeated).value()


def _check(source: Source) -> None:
    try:
        json.loads(source.text)
    except json.JSONDecodeError as error:
        place = Span(source, error.lineno, error.colno, error.lineno, error.colno + 1)
        raise CompileError(f"invalid JSON: {error.msg.lower()}", place) from None
    except (ValueError, RecursionError):  # a number of thousands of digits; too many brackets
        raise CompileError(
            "the JSON is nested too deeply, or a number in it is too long", Span(source, 1, 1, 1, 2)
        ) from None


class _JsonReader:
    """Reads a text that is valid JSON, from its start."""

    def __init__(self, source: Source, repeated: list[Repeated]) -> None:
        self.source = source
        self.repeated = repeated
        self.at = 0
        self.depth = 0
        self.lines = [0, *(match.end() for match in re.finditer("\n", source.text))]

    def value(self) -> Node:
        self.skip()
        opening = self.source.text[self.at]
        if opening not in "{[":
            return self.scalar()
        start = self.place()
        self.depth += 1
        if self.depth > DEEPEST:
            span = Span(self.source, start.line + 1, start.column + 1, start.line + 1, start.column + 2)
            raise CompileError(f"nested deeper than {DEEPEST} levels", span)
        self.at += 1
        node = self.mapping(start) if opening == "{" else self.sequence(start)
        self.depth -= 1
        return node

    def scalar(self) -> Scalar:
        start = self.place()
        value, self.at = _DECODER.raw_decode(self.source.text, self.at)
        node = Scalar(value, self.source, start, self.place())
        if isinstance(value, str) and _SURROGATE.search(value):
            raise CompileError("an escape of a surrogate without its pair", node.span)
        return node

    def sequence(self, start: _Place) -> Sequence:
        items: list[Node] = []
        while not self.closes("]"):
            items.append(self.value())
        return Sequence(items, self.source, start, self.place())

    def mapping(self, start: _Place) -> Mapping:
        entries: dict[str, Node] = {}
        keys: dict[str, Node] = {}
        while not self.closes("}"):
            key = self.scalar()
            name = str(key.value)
            self.skip(":")
            if name in keys:
                self.repeated.append(Repeated(name, keys[name], key))
            entries[name], keys[name] = self.value(), key
        return Mapping(entries, keys, self.source, start, self.place())

    def closes(self, bracket: str) -> bool:
        """Whether the collection ends here; the blanks and the comma before the next item are passed."""
        self.skip(",")
        is_end = self.source.text[self.at] == bracket
        self.at += is_end
        return is_end

    def skip(self, sign: str = "") -> None:
        """Pass blanks, and a sign among them."""
        text = self.source.text
        self.at = _end_of_blanks(text, self.at)
        if sign and text[self.at] == sign:
            self.at = _end_of_blanks(text, self.at + 1)

    def place(self) -> _Place:
        line = bisect_right(self.lines, self.at) - 1
        return _Place(line, self.at - self.lines[line])


def _end_of_blanks(text: str, at: int) -> int:
    match = _BLANK.match(text, at)
    assert match is not None
    return match.end()
