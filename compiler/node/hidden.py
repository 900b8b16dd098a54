"""Values of hidden parameters: they are followed wherever they go, and no message shows them.

A hidden value is a node of a hidden source. What a function makes of one is hidden too (`made_of`). A mapping
whose keys are hidden has the nodes of these keys.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from compiler.node import (
    Mapping,
    Node,
    Plain,
    Scalar,
    ScalarValue,
    Sequence,
    leaves,
    mapping_of,
    plain,
    scalar_of,
    sequence_of,
)


def hidden(node: Node) -> Node:
    """The node with every value and key in it hidden."""
    place = hidden_place(node)
    if isinstance(node, Mapping):
        keys = {key: hidden_place(node.key_node(key)) for key in node.entries}
        return mapping_of({key: hidden(value) for key, value in node.entries.items()}, place, keys)
    if isinstance(node, Sequence):
        return sequence_of([hidden(item) for item in node.items], place)
    assert isinstance(node, Scalar)
    return scalar_of(node.value, place)


def hidden_place(node: Node) -> Node:
    """A node at the same place for what is hidden."""
    if node.is_hidden:
        return node
    return Scalar(None, replace(node._source, hidden=True), node._start, node._end)


def conceal(node: Node) -> None:
    """Keep the lines of a hidden value out of all messages, whatever they are about."""
    for scalar in leaves(node):
        span = scalar.span
        span.source.concealed.update(range(span.line, span.end_line + 1))


def holds_hidden(node: Node) -> bool:
    """Whether a hidden value is in the node, or a hidden key."""
    waiting = [node]
    while waiting:
        current = waiting.pop()
        if isinstance(current, Mapping):
            if any(current.key_node(key).is_hidden for key in current.entries):
                return True
            waiting.extend(current.entries.values())
        elif isinstance(current, Sequence):
            waiting.extend(current.items)
        elif current.is_hidden:
            return True
    return False


def public(node: Node) -> Plain:
    """The node as plain values: null for each that is hidden, and without hidden keys."""
    if isinstance(node, Mapping):
        keys = (key for key in node.entries if not node.key_node(key).is_hidden)
        return {key: public(node.entries[key]) for key in keys}
    if isinstance(node, Sequence):
        return [public(item) for item in node.items]
    return None if node.is_hidden else plain(node)


def quoted(value: str | float, node: Node) -> str:
    """A text or a number as a message shows it, unless the node that it comes from is hidden."""
    if node.is_hidden:
        return "a hidden value"
    return f"`{value}`" if isinstance(value, str) else str(value)


def made_of(place: Node, *origins: Node) -> Node:
    """The place of a value that is made of others: hidden if one of them holds a hidden value."""
    return hidden_place(place) if any(map(holds_hidden, origins)) else place


def hidden_where_made(node: Node, place: Node, is_public: Callable[[ScalarValue], bool]) -> Node:
    """The node with its scalars and keys hidden that were made at that place and are not public."""
    if node._start is not place._start:
        return node
    if isinstance(node, Mapping):
        keys = {key: node.key_node(key) if is_public(key) else hidden_place(place) for key in node.entries}
        entries = {key: hidden_where_made(value, place, is_public) for key, value in node.entries.items()}
        return mapping_of(entries, node, keys)
    if isinstance(node, Sequence):
        return sequence_of([hidden_where_made(item, place, is_public) for item in node.items], node)
    assert isinstance(node, Scalar)
    return node if is_public(node.value) else hidden(node)
