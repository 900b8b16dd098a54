"""The order in which images are built."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from compiler.diagnostics import CompileError
from compiler.images.tree import Image


def ordered(parents: Mapping[str, Sequence[str]], images: Mapping[str, Image]) -> list[str]:
    """The names, each after those of its parents.

    Raises CompileError with the whole cycle, `a -> b -> a`, if there is one.
    """
    try:
        return list(TopologicalSorter(parents).static_order())
    except CycleError as error:
        # graphlib lists the cycle from parent to child.
        cycle = list(reversed(error.args[1]))
        raise CompileError(f"circular image parents: {' -> '.join(cycle)}", images[cycle[0]].start) from None
