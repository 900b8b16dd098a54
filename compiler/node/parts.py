"""The size of a value with everything in it, as often as it is in it.

Values share their parts: a list of twice the same list costs little, and 60 of them, each in the next, are
more than any machine can write out. So sizes are checked where values are made.
"""

from __future__ import annotations

from compiler.diagnostics import CompileError
from compiler.meter import CHARACTERS, OverBudgetError, check_parts
from compiler.node import Mapping, Node, Scalar, Sequence


def parts_of(node: Node) -> int:
    """The number of parts of a value, at most MOST_PARTS. Raises CompileError for a larger value."""
    if isinstance(node, Scalar):
        value = node.value
        return 1 + len(value) // CHARACTERS if type(value) is str else 1
    assert isinstance(node, Sequence | Mapping)
    if not node.parts:
        below = node.entries.values() if isinstance(node, Mapping) else node.items
        node.parts = 1 + sum(map(parts_of, below))
        _check(node)
    return node.parts


def _check(node: Sequence | Mapping) -> None:
    try:
        check_parts(node.parts)
    except OverBudgetError as error:
        raise CompileError(f"this {error}", node.span, "make it of fewer or of smaller values") from None
