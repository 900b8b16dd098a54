"""How many examples a property is tried on."""

from __future__ import annotations

import os

# Of random templates: HEATSINK_EXAMPLES is 300 in `make test` and 10,000 in `make test-long`.
TEMPLATES = 300
QUICK = 150


def examples(usual: int) -> int:
    """`usual` in `make test`, and in proportion in other runs."""
    return max(1, usual * int(os.environ.get("HEATSINK_EXAMPLES", QUICK)) // TEMPLATES)
