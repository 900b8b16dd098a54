"""A piece of input as a value that knows where it was written.

Nodes are created by the million, so they are plain slotted classes; their content never changes afterwards.
Mapping keys are strings, as in JSON: Heat passes every template through JSON before it reads it.

yaml        YAML text to nodes                 scalars      values of scalars in YAML 1.1
json_text   JSON text to nodes
syntax      mistakes in YAML's syntax          conversion   nodes to plain values, and back
overlay     one value over another             by_identity  what was computed from a value
hidden      values of hidden parameters        rewriting    texts in a value replaced
parts       the size of a value
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeAlias

from compiler.diagnostics import CompileError, Problem, closest
from compiler.source import Source, Span

ScalarValue: TypeAlias = str | int | float | bool | None
Plain: TypeAlias = ScalarValue | list["Plain"] | dict[str, "Plain"]


class Mark(Protocol):
    """A point in a text, counted from 0, as in libyaml."""

    @property
    def line(self) -> int:
        """The line."""
        ...

    @property
    def column(self) -> int:
        """The column."""
        ...


class Node:
    """One scalar, sequence or mapping, and its place."""

    __slots__ = ("_end", "_source", "_start")

    def __init__(self, source: Source, start: Mark, end: Mark) -> None:
        self._source = source
        self._start = start
        self._end = end

    @property
    def span(self) -> Span:
        """Where it was written."""
        start, end = self._start, self._end
        return Span(self._source, start.line + 1, start.column + 1, end.line + 1, end.column + 1)

    @property
    def is_hidden(self) -> bool:
        """Whether it is the value of a hidden parameter, or made of one (compiler/node/hidden.py)."""
        return self._source.hidden

    @property
    def kind(self) -> str:
        """What an operator calls such a value: `a string`, `a list`, …"""
        return _KINDS[type(self.value if isinstance(self, Scalar) else self)]


class Scalar(Node):
    """A string, number, boolean or null."""

    __slots__ = ("value",)

    def __init__(self, value: ScalarValue, source: Source, start: Mark, end: Mark) -> None:
        self.value = value
        self._source = source
        self._start = start
        self._end = end

    def __repr__(self) -> str:
        return f"Scalar({self.value!r})"


class Sequence(Node):
    """A list."""

    __slots__ = ("items", "parts")

    def __init__(self, items: list[Node], source: Source, start: Mark, end: Mark) -> None:
        self.items = items
        self.parts = 0  # how many, once they are counted
        self._source = source
        self._start = start
        self._end = end

    def __repr__(self) -> str:
        return f"Sequence({self.items!r})"


class Mapping(Node):
    """A mapping: `entries` by key, and under the same key the node of the key itself in `keys`."""

    __slots__ = ("entries", "keys", "parts")

    def __init__(
        self, entries: dict[str, Node], keys: dict[str, Node], source: Source, start: Mark, end: Mark
    ) -> None:
        self.entries = entries
        self.keys = keys
        self.parts = 0  # how many, once they are counted
        self._source = source
        self._start = start
        self._end = end

    def key_span(self, key: str) -> Span:
        """Where the key was written; for a key from a function, where the mapping was written."""
        return self.key_node(key).span

    def key_node(self, key: str) -> Node:
        """The node of a key; for a key from a function, the mapping."""
        return self.keys.get(key, self)

    def __repr__(self) -> str:
        return f"Mapping({self.entries!r})"


_KINDS: dict[type, str] = {
    Mapping: "a mapping",
    Sequence: "a list",
    str: "a string",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    type(None): "null",
}


def plain(node: Node) -> Plain:
    """The node as plain Python values, without places."""
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Mapping):
        return {key: plain(value) for key, value in node.entries.items()}
    assert isinstance(node, Sequence)
    return [plain(item) for item in node.items]


def node_of(value: Plain, place: Node) -> Node:
    """Plain Python values as a node with the place of another."""
    source, start, end = place._source, place._start, place._end
    if isinstance(value, dict):
        entries = {key: node_of(item, place) for key, item in value.items()}
        return mapping_of(entries, place)
    if isinstance(value, list):
        return Sequence([node_of(item, place) for item in value], source, start, end)
    return Scalar(value, source, start, end)


def mapping_of(entries: dict[str, Node], place: Node, keys: dict[str, Node] | None = None) -> Mapping:
    """A mapping of nodes with the place of another node."""
    if not keys and place._source.hidden:
        keys = dict.fromkeys(entries, place)
    return Mapping(entries, keys or {}, place._source, place._start, place._end)


def sequence_of(items: list[Node], place: Node) -> Sequence:
    """A list of nodes with the place of another node."""
    return Sequence(items, place._source, place._start, place._end)


def scalar_of(value: ScalarValue, place: Node) -> Scalar:
    """A scalar with the place of another node."""
    return Scalar(value, place._source, place._start, place._end)


def from_plain(value: Plain, name: str) -> Node:
    """Values from no file, as nodes of a source called `name` (`<compiler>`, `--backend`)."""
    source = Source(name)
    origin = _Point(0, 0)
    return node_of(value, Scalar(None, source, origin, origin))


def text_of(source: Source) -> Scalar:
    """The whole text of a file as a string node."""
    lines = source.text.split("\n")
    return Scalar(source.text, source, _Point(0, 0), _Point(len(lines) - 1, len(lines[-1])))


class _Point:
    __slots__ = ("column", "line")

    def __init__(self, line: int, column: int) -> None:
        self.line = line
        self.column = column


def expect_mapping(node: Node, subject: str) -> Mapping:
    """The node as a mapping. Raises CompileError, which names the subject, if it is not one."""
    if not isinstance(node, Mapping):
        raise CompileError(f"{subject} must be a mapping, not {node.kind}", node.span)
    return node


def expect_sequence(node: Node, subject: str) -> Sequence:
    """The node as a list. Raises CompileError, which names the subject, if it is not one."""
    if not isinstance(node, Sequence):
        raise CompileError(f"{subject} must be a list, not {node.kind}", node.span)
    return node


def expect_string(node: Node, subject: str) -> str:
    """The text of a string node. Raises CompileError, which names the subject, if it is not one."""
    if not isinstance(node, Scalar) or not isinstance(node.value, str):
        raise CompileError(f"{subject} must be a string, not {node.kind}", node.span)
    return node.value


def expect_keys(mapping: Mapping, known: frozenset[str], subject: str) -> None:
    """Raise CompileError with every key that is not a known one."""
    problems = [
        Problem(f"unknown key{_named(mapping, key)} in {subject}", mapping.key_span(key), closest(key, known))
        for key in mapping.entries
        if key not in known
    ]
    if problems:
        raise CompileError.of(problems)


def _named(mapping: Mapping, key: str) -> str:
    return "" if mapping.key_node(key).is_hidden else f" `{key}`"


def alike(one: Node, other: Node) -> bool:
    """Whether two nodes differ only in the values of their scalars, and these have the same types."""
    if one is other:
        return True
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        same = one.entries.keys() == other.entries.keys()
        return same and all(alike(value, other.entries[key]) for key, value in one.entries.items())
    if isinstance(one, Sequence) and isinstance(other, Sequence):
        same = len(one.items) == len(other.items)
        return same and all(map(alike, one.items, other.items))
    return isinstance(one, Scalar) and isinstance(other, Scalar) and type(one.value) is type(other.value)


def is_null(node: Node | None) -> bool:
    """Whether there is a node and it is null."""
    return isinstance(node, Scalar) and node.value is None


def children(node: Node) -> Iterable[Node]:
    """The values in a mapping or a list."""
    if isinstance(node, Mapping):
        return node.entries.values()
    return node.items if isinstance(node, Sequence) else ()


def leaves(node: Node) -> Iterator[Scalar]:
    """Every scalar in the node, and every key as one."""
    waiting = [node]
    while waiting:
        current = waiting.pop()
        if isinstance(current, Mapping):
            yield from (scalar_of(key, current.key_node(key)) for key in current.entries)
            waiting.extend(reversed(current.entries.values()))
        elif isinstance(current, Sequence):
            waiting.extend(reversed(current.items))
        elif isinstance(current, Scalar):
            yield current


def walk(node: Node) -> Iterator[Node]:
    """The node and all nodes below it, the outer ones first."""
    yield node
    for child in children(node):
        yield from walk(child)
