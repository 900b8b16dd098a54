"""Nodes as plain values and back again, each part once."""

from __future__ import annotations

from compiler.node import Mapping, Node, Plain, Scalar, Sequence, children, mapping_of, scalar_of, sequence_of
from compiler.node.by_identity import ByIdentity


class Conversion:
    """Plain values that lead back to the nodes they were made of, also from their parts.

    Values must not be changed. They are kept, with their nodes, as long as this object.
    """

    def __init__(self) -> None:
        self._values = ByIdentity[Plain]()  # of nodes
        self._nodes = ByIdentity[Node]()  # of values
        self._hidden = ByIdentity[bool]()  # of nodes

    def value(self, node: Node) -> Plain:
        """The node as plain values, places forgotten."""
        if isinstance(node, Scalar):
            return node.value
        value = self._values.get(node)
        if value is not None:
            return value
        if isinstance(node, Mapping):
            value = {key: self.value(each) for key, each in node.entries.items()}
        else:
            assert isinstance(node, Sequence)
            value = [self.value(each) for each in node.items]
        self._values.keep(node, value)
        self._nodes.keep(value, node)
        return value

    def holds_hidden(self, node: Node) -> bool:
        """Whether a hidden value is in the node, or a hidden key."""
        if isinstance(node, Scalar):
            return node.is_hidden
        known = self._hidden.get(node)
        if known is None:
            keys = node.keys.values() if isinstance(node, Mapping) else ()
            known = any(key.is_hidden for key in keys) or any(map(self.holds_hidden, children(node)))
            self._hidden.keep(node, known)
        return known

    def node(self, value: Plain, place: Node) -> Node:
        """The node that a value was made of; for a new value one with the place of `place`."""
        known = self._nodes.get(value)
        if known is not None:
            return known
        if isinstance(value, dict):
            return mapping_of({key: self.node(each, place) for key, each in value.items()}, place)
        if isinstance(value, list):
            return sequence_of([self.node(each, place) for each in value], place)
        return scalar_of(value, place)
