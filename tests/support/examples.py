"""How many examples a property is tried on."""

from __future__ import annotations

import os

# Of random templates: HEATSINK_EXAMPLES is 300 in `make test` and 10,000 in `make test-long`.
TEMPLATES = 300
QUICK = 60


def examples(usual: int) -> int:
    """`usual` in `make test`, and in proportion in other runs."""
    return max(1, usual * _templates() // TEMPLATES)


def is_quick() -> bool:
    """Whether this is a run of plain `pytest`, and not one of `make test`."""
    return _templates() < TEMPLATES


def one_in(*, quick: int, usual: int) -> int:
    """Of how many cases one is tried: in quick runs, and in `make test`; the long run tries all."""
    if is_quick():
        return quick
    return usual if _templates() == TEMPLATES else 1


def _templates() -> int:
    return int(os.environ.get("HEATSINK_EXAMPLES", QUICK))
