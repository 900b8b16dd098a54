"""The order in which images are built."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from compiler.diagnostics import CompileError
from compiler.images.tree import Image


def ordered(parents: Mapping[str, Sequence[str]], images: Mapping[str, Image]) -> list[str]:
    """The names, every image behind those that it is built on.

    Raises CompileError with the whole circle, `a -> b -> a`, when there is one.
    """
    try:
        return list(TopologicalSorter(parents).static_order())
    except CycleError as error:
        # graphlib gives the circle from parent to child.
        circle = list(reversed(error.args[1]))
        raise CompileError(
            f"circular image parents: {' -> '.join(circle)}", images[circle[0]].start
        ) from None
