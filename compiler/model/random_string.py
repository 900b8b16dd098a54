"""Random strings as in heat/common/password_gen.py: the recipe and the generator."""

from __future__ import annotations

import secrets
import string
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class StringRecipe:
    """The length of a string, and the minimum number of characters of each set."""

    length: int
    sets: tuple[tuple[str, int], ...]


LETTERS_AND_DIGITS = string.ascii_letters + string.digits
STANDARD = StringRecipe(length=32, sets=((LETTERS_AND_DIGITS, 1),))  # of a resource without properties


def random_string(wanted: StringRecipe) -> str:
    """A new random string that follows a recipe."""
    source = secrets.SystemRandom()
    characters = [source.choice(members) for members, least in wanted.sets for _ in range(least)]
    everything = sorted({character for members, _ in wanted.sets for character in members})
    characters += [source.choice(everything) for _ in range(wanted.length - len(characters))]
    source.shuffle(characters)
    return "".join(characters)
