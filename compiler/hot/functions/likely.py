"""What an argument written for a function looks like, for lint. A call may return anything."""

from __future__ import annotations

from collections.abc import Callable

from compiler.node import Mapping, Node, Scalar, Sequence

Likely = Callable[[Node], bool]


def text(node: Node) -> bool:
    """Whether it is a string."""
    return isinstance(node, Scalar) and isinstance(node.value, str)


def path(node: Node) -> bool:
    """Whether it is a list that begins with a string or a call."""
    return isinstance(node, Sequence) and bool(node.items) and (text(node.items[0]) or _call(node.items[0]))


def text_or_path(node: Node) -> bool:
    """Whether it is a string, or a list that begins with one."""
    return text(node) or path(node)


def listed(least: int, most: int = 1 << 30) -> Likely:
    """Whether it is a list of so many items."""
    return lambda node: isinstance(node, Sequence) and least <= len(node.items) <= most


def list_or_call(node: Node) -> bool:
    """Whether it is a list, or a call that may return one."""
    return isinstance(node, Sequence) or _call(node)


def mapped(*keys: str) -> Likely:
    """Whether it is a mapping with these keys."""
    return lambda node: isinstance(node, Mapping) and all(key in node.entries for key in keys)


def choice(node: Node) -> bool:
    """Whether it is a condition, and one or two values."""
    return (
        isinstance(node, Sequence) and 2 <= len(node.items) <= 3 and not isinstance(node.items[0], Sequence)
    )


def two_lists(node: Node) -> bool:
    """Whether it is a list of two lists."""
    return isinstance(node, Sequence) and len(node.items) == 2 and all(map(list_or_call, node.items))


def value_and_list(node: Node) -> bool:
    """Whether it is anything, and a list."""
    return isinstance(node, Sequence) and len(node.items) == 2 and list_or_call(node.items[1])


def text_and_value(node: Node) -> bool:
    """Whether it is a string, and anything."""
    return isinstance(node, Sequence) and len(node.items) == 2 and text(node.items[0])


def _call(node: Node) -> bool:
    return isinstance(node, Mapping) and len(node.entries) == 1
