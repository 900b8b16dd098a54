"""What a Python file imports."""

from __future__ import annotations

import ast
from collections.abc import Iterator


def imported(tree: ast.Module) -> Iterator[str]:
    """The top-level names that are imported anywhere in it, but for its own package's."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name.partition(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            yield node.module.partition(".")[0]
