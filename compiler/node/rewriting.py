"""Texts in a value replaced by others."""

from __future__ import annotations

from collections.abc import Callable

from compiler.node import Mapping, Node, Scalar, Sequence, mapping_of, scalar_of, sequence_of
from compiler.node.hidden import hidden_place

Rewrite = Callable[[str], str]


def rewritten(node: Node, text: Rewrite, *, keys: bool, hides: bool = False) -> Node:
    """The node with `text` applied to every string in it, and with `keys` to the keys of mappings too.

    With `hides` the strings that this changes are hidden: hidden values are inserted.
    """
    if isinstance(node, Mapping):
        return _mapping(node, text, keys=keys, hides=hides)
    if isinstance(node, Sequence):
        return sequence_of([rewritten(item, text, keys=keys, hides=hides) for item in node.items], node)
    assert isinstance(node, Scalar)
    if not isinstance(node.value, str):
        return node
    new = text(node.value)
    return scalar_of(new, hidden_place(node) if hides and new != node.value else node)


def _mapping(node: Mapping, text: Rewrite, *, keys: bool, hides: bool) -> Mapping:
    entries: dict[str, Node] = {}
    hidden: dict[str, Node] = {}
    for key, value in node.entries.items():
        new, key_node = text(key) if keys else key, node.key_node(key)
        entries[new] = rewritten(value, text, keys=keys, hides=hides)
        if key_node.is_hidden or (hides and new != key):
            hidden[new] = hidden_place(key_node)
    return mapping_of(entries, node, hidden)
