"""How many examples a property is tried on."""

from __future__ import annotations

import os

TEMPLATES = 300  # random ones, of which `make test-long` asks for 10,000 in HEATSINK_EXAMPLES


def examples(usual: int) -> int:
    """`usual`, times as many as there are to be more random templates than 300."""
    return usual * int(os.environ.get("HEATSINK_EXAMPLES", TEMPLATES)) // TEMPLATES
