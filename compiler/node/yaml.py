"""YAML text to nodes with positions, in one pass over libyaml's events.

YAML 1.1 as Heat reads it: `yes` is true, `0600` is 384, timestamps stay strings. Building our nodes from
events costs less than PyYAML's own loader without positions (benchmarks/yaml_positions.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum
from typing import Any, NamedTuple, TypeAlias

import yaml
from yaml._yaml import CParser

from compiler.diagnostics import CompileError
from compiler.meter import OverBudgetError, check_bits
from compiler.node import Mapping, Node, Scalar, ScalarValue, Sequence, sequence_of
from compiler.node.scalars import ReservedWordError, equal_key, key_text, plain_scalar, tagged_scalar
from compiler.node.syntax import point, syntax_error
from compiler.source import Source, Span

MOST_NODES = 1_000_000  # of a document with its aliases expanded: a "billion laughs" stops here
DEEPEST = 100
_LONG = 1_000  # characters: a number that is written with fewer has few enough digits

Event: TypeAlias = Any  # the stubs of libyaml's events lack their fields
_SEQUENCE_END: type[Any] = yaml.SequenceEndEvent
_MAPPING_END: type[Any] = yaml.MappingEndEvent
_PAIRS = frozenset(("tag:yaml.org,2002:omap", "tag:yaml.org,2002:pairs"))
_TAGS = {
    yaml.SequenceStartEvent: frozenset((None, "!", "tag:yaml.org,2002:seq", *_PAIRS)),
    yaml.MappingStartEvent: frozenset((None, "!", "tag:yaml.org,2002:map")),
}


class Duplicates(Enum):
    """What happens with two equal keys in one mapping."""

    REFUSED = "refused"  # our own files
    LAST = "last"  # Heat: the last one wins


class Repeated(NamedTuple):
    """A duplicate key in a mapping: its name, its first place and the next one."""

    name: str
    first: Node
    again: Node


def parse(
    source: Source, duplicates: Duplicates = Duplicates.REFUSED, repeated: list[Repeated] | None = None
) -> Node | None:
    """The document of a YAML text, or None if the text is empty.

    Duplicate keys that are not refused are added to `repeated`.
    Raises CompileError with the place for invalid YAML, several documents, unknown tags, keys that are not
    scalars, duplicate keys (unless LAST), and documents that are too deep or too large to expand.
    """
    try:
        return _Builder(source, duplicates, [] if repeated is None else repeated).document()
    except yaml.YAMLError as error:
        raise syntax_error(source, error) from None


class _Builder:
    """Turns the events of a text into nodes by recursive descent, one method per production."""

    def __init__(self, source: Source, duplicates: Duplicates, repeated: list[Repeated]) -> None:
        self.source = source
        self.duplicates = duplicates
        self.repeated = repeated
        self.next: Callable[[], Event] = CParser(source.text).get_event
        self.anchors: dict[str, Node | None] = {}
        self.expansions: dict[int, _Expansion] = {}
        self.depth = 0
        self.is_key = False

    def document(self) -> Node | None:
        self.next()  # the stream starts
        if isinstance(self.next(), yaml.StreamEndEvent):
            return None
        root = self.node(self.next())
        self.next()  # the document ends
        after = self.next()
        if not isinstance(after, yaml.StreamEndEvent):
            place = point(self.source, after.start_mark)
            raise CompileError("a second YAML document starts here", place, "keep one document per file")
        if self.anchors:
            self.expansion(root)
        return root

    def node(self, event: Event) -> Node:
        kind = type(event)
        if kind is yaml.AliasEvent:
            return self.alias(event)
        if event.anchor is not None and event.anchor in self.anchors:
            raise CompileError(f"duplicate anchor `&{event.anchor}`", self.span(event), "rename one of them")
        built = self.scalar(event) if kind is yaml.ScalarEvent else self.collection(event)
        if event.anchor is not None:
            self.anchors[event.anchor] = built
            self.expansions[id(built)] = self.expansion(built)
        return built

    def scalar(self, event: Event) -> Scalar:
        value: ScalarValue = event.value
        if event.tag is not None and event.tag != "!":
            value = self.tagged(event)
        elif event.implicit[0]:
            value = self.plain(event)
        if type(value) is int and len(event.value) > _LONG:
            self.check_digits(value, event)
        return Scalar(value, self.source, event.start_mark, event.end_mark)

    def plain(self, event: Event) -> ScalarValue:
        try:
            return plain_scalar(event.value)
        except ReservedWordError:
            if self.is_key:
                return str(event.value)
            problem = f"`{event.value}` without quotes is not a value in YAML 1.1"
            raise CompileError(problem, self.span(event), "put it in quotes") from None

    def check_digits(self, number: int, event: Event) -> None:
        try:
            check_bits(number.bit_length())
        except OverBudgetError as error:
            raise CompileError(f"this {error}", self.span(event), "quote it if it is a text") from None

    def tagged(self, event: Event) -> ScalarValue:
        try:
            return tagged_scalar(event.tag, event.value)
        except (yaml.YAMLError, ValueError, OverflowError, KeyError):
            raise CompileError(
                f"tag `{event.tag}` is not supported here", self.span(event), "write the value without a tag"
            ) from None

    def collection(self, event: Event) -> Node:
        if event.anchor is not None:
            self.anchors[event.anchor] = None
        if event.tag not in _TAGS[type(event)]:
            raise CompileError(f"tag `{event.tag}` is not supported here", self.span(event), "remove the tag")
        self.depth += 1
        if self.depth > DEEPEST:
            raise CompileError(f"nested deeper than {DEEPEST} levels", self.span(event))
        built = self.sequence(event) if type(event) is yaml.SequenceStartEvent else self.mapping(event)
        self.depth -= 1
        return _pairs(built) if event.tag in _PAIRS and isinstance(built, Sequence) else built

    def sequence(self, start: Event) -> Sequence:
        items: list[Node] = []
        advance, node = self.next, self.node
        event = advance()
        while type(event) is not _SEQUENCE_END:
            items.append(node(event))
            event = advance()
        return Sequence(items, self.source, start.start_mark, event.end_mark)

    def mapping(self, start: Event) -> Mapping:
        entries: dict[str, Node] = {}
        keys: dict[str, Node] = {}
        merged: list[Mapping] = []  # later ones override earlier ones
        advance, node = self.next, self.node
        event = advance()
        while type(event) is not _MAPPING_END:
            self.is_key = True
            key = node(event)
            self.is_key = False
            value = node(advance())
            if isinstance(key, Scalar) and key.value == "<<" and event.implicit[0]:
                merged.extend(_merged(value))
            else:
                self.enter(entries, keys, key, value)
            event = advance()
        for mapping in reversed(merged):  # merged keys come first, and the mapping's own keys override them
            entries = mapping.entries | entries
            keys = mapping.keys | keys
        return Mapping(entries, keys, self.source, start.start_mark, event.end_mark)

    def enter(self, entries: dict[str, Node], keys: dict[str, Node], key: Node, value: Node) -> None:
        if not isinstance(key, Scalar):
            hint = "put text that begins with `{` or `[` in quotes"
            raise CompileError(f"a key must be a scalar, not {key.kind}", key.span, hint)
        name = key_text(key.value)
        if not isinstance(key.value, str) and self.duplicates is Duplicates.LAST:
            name = equal_key(key.value, keys) or name
        if name in entries:
            self.repeat(Repeated(name, keys[name], key))
        entries[name] = value
        keys[name] = key

    def repeat(self, key: Repeated) -> None:
        if self.duplicates is Duplicates.REFUSED:
            raise CompileError(
                f"duplicate key `{key.name}`",
                key.again.span,
                f"first set on line {key.first.span.line}; keep one of them",
            )
        self.repeated.append(key)

    def alias(self, event: Event) -> Node:
        if event.anchor not in self.anchors:
            raise CompileError(
                f"undefined alias `*{event.anchor}`", self.span(event), f"define `&{event.anchor}` before it"
            )
        target = self.anchors[event.anchor]
        if target is None:
            raise CompileError(f"alias `*{event.anchor}` is inside its own anchor", self.span(event))
        return target

    def expansion(self, node: Node) -> _Expansion:
        """The size of the node as a tree, with its aliases expanded, which is how everything else sees it.

        Anchored nodes are measured when they end, so an alias costs a look-up, and the recursion is only as
        deep as the text is nested, even for a long chain of aliases.
        """
        if (known := self.expansions.get(id(node))) is not None:
            return known
        below = [self.expansion(child) for child in _children(node)]
        size = 1 + sum(part.size for part in below)
        depth = 1 + max((part.depth for part in below), default=0)
        if size > MOST_NODES or depth > 2 * DEEPEST:
            raise CompileError(
                f"aliases expand this to more than {MOST_NODES:,} values or {2 * DEEPEST} levels",
                node.span,
                "write it without aliases",
            )
        return _Expansion(size, depth)

    def span(self, event: Event) -> Span:
        start, end = event.start_mark, event.end_mark
        return Span(self.source, start.line + 1, start.column + 1, end.line + 1, end.column + 1)


def _pairs(written: Sequence) -> Sequence:
    """`!!omap` and `!!pairs`: `[{a: 1}, {b: 2}]` becomes `[[a, 1], [b, 2]]`."""
    pairs: list[Node] = []
    for item in written.items:
        if not isinstance(item, Mapping) or len(item.entries) != 1:
            raise CompileError("an item of `!!omap` or `!!pairs` must be a mapping with one key", item.span)
        (name, value), *_ = item.entries.items()
        pairs.append(sequence_of([item.keys[name], value], item))
    return sequence_of(pairs, written)


def _merged(value: Node) -> list[Mapping]:
    """The mappings that `<<` merges, in increasing priority: the first of a list has the highest."""
    items = value.items if isinstance(value, Sequence) else [value]
    for item in items:
        if not isinstance(item, Mapping):
            raise CompileError(f"`<<` must be a mapping or a list of mappings, not {item.kind}", item.span)
    return [item for item in reversed(items) if isinstance(item, Mapping)]


class _Expansion(NamedTuple):
    size: int
    depth: int


def _children(node: Node) -> Iterable[Node]:
    if isinstance(node, Mapping):
        return node.entries.values()
    return node.items if isinstance(node, Sequence) else ()
