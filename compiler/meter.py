"""A budget of steps, which bounds an evaluation by what it does and not by a clock.

So the same input ends in the same way on every machine: with a value, or with an error that names the
expression.
"""

from __future__ import annotations

MOST_STEPS = 3_000_000
"""Steps of one evaluation: a template with all that it nests, or one rendering of a Jinja2 template."""
MOST_PARTS = 1_000_000
"""Parts of one value: each item, key and scalar, and each CHARACTERS of its texts."""
MOST_DIGITS = 4_300
"""Digits of a number: what Python converts to a text at most."""
CHARACTERS = 16
"""Characters of a text that are written in one step."""

_DIGIT_BITS = 3.33


class OverBudgetError(Exception):
    """An evaluation that takes more steps than it may, or a value that is too large; the text says which."""


class Meter:
    """The steps that are left of a budget."""

    __slots__ = ("left",)

    def __init__(self, steps: int = MOST_STEPS) -> None:
        self.left = steps

    def spend(self, steps: int) -> None:
        """Take steps from the budget. Raises OverBudgetError if it has fewer."""
        self.left -= steps
        if self.left < 0:
            raise OverBudgetError(f"takes the evaluation over its budget of {MOST_STEPS:,} steps")

    def write(self, characters: int) -> None:
        """Take the steps of writing a text."""
        self.spend(1 + characters // CHARACTERS)


def check_parts(parts: int) -> None:
    """Raise OverBudgetError for a value of too many parts."""
    if parts > MOST_PARTS:
        raise OverBudgetError(f"makes a value of more than {MOST_PARTS:,} parts")


def check_bits(bits: int) -> None:
    """Raise OverBudgetError for a whole number of that many bits that has too many digits."""
    if bits > MOST_DIGITS * _DIGIT_BITS:
        raise OverBudgetError(f"makes a number of more than {MOST_DIGITS:,} digits")
