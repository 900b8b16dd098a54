"""Strings made by chance, as heat/common/password_gen.py makes them: what one is made of, and one that is."""

from __future__ import annotations

import secrets
import string
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class StringRecipe:
    """How long a string is, and how many characters of each set it has at least."""

    length: int
    sets: tuple[tuple[str, int], ...]


LETTERS_AND_DIGITS = string.ascii_letters + string.digits
STANDARD = StringRecipe(
    length=32, sets=((LETTERS_AND_DIGITS, 1),)
)  # what a resource without properties asks for


def random_string(wanted: StringRecipe) -> str:
    """A string that a recipe fits; another one at every call."""
    chance = secrets.SystemRandom()
    characters = [chance.choice(members) for members, least in wanted.sets for _ in range(least)]
    everything = sorted({character for members, _ in wanted.sets for character in members})
    characters += [chance.choice(everything) for _ in range(wanted.length - len(characters))]
    chance.shuffle(characters)
    return "".join(characters)
