"""Overlaying one value on another."""

from __future__ import annotations

from compiler.node import Mapping, Node, mapping_of


def overlay(below: Node, above: Node) -> Node:
    """`above` over `below`: mappings are merged at any depth, everything else is replaced."""
    if isinstance(below, Mapping) and isinstance(above, Mapping):
        entries = dict(below.entries)
        for key, value in above.entries.items():
            entries[key] = overlay(entries[key], value) if key in entries else value
        return mapping_of(entries, above, below.keys | above.keys)
    return above
