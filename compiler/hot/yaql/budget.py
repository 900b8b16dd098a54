"""The budget of the expression that is being evaluated.

Functions of expressions are called from everywhere, by the library too, so they find it in their context.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from compiler.meter import Meter

_METER: ContextVar[Meter] = ContextVar("meter")
_SIZES: ContextVar[dict[int, tuple[int, Any]]] = ContextVar("sizes")


@contextmanager
def spending(meter: Meter) -> Iterator[None]:
    """Take the steps of the body from this budget."""
    meter_before, sizes_before = _METER.set(meter), _SIZES.set({})
    try:
        yield
    finally:
        _METER.reset(meter_before)
        _SIZES.reset(sizes_before)


def meter() -> Meter:
    """The budget of the expression."""
    return _METER.get()


def sizes() -> dict[int, tuple[int, Any]]:
    """The parts of values by their ids, with the value, which keeps its id taken."""
    return _SIZES.get()


def spend(steps: int) -> None:
    """Take steps from it. Raises OverBudgetError, as all functions here do."""
    _METER.get().spend(steps)


def write(characters: int) -> None:
    """Take the steps of writing a text from it."""
    _METER.get().write(characters)
