"""The schemas' parts that are made of tables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

BACKENDS = re.compile(r'(hosts? runs? containers: )[^"]*(",\s*"enum": )\[[^\]]*\]')


def with_backends(schema: str, forms: Mapping[str, str]) -> str:
    """A schema that takes these backends, and describes each by its form."""
    names = ", ".join(f'"{name}"' for name in forms)
    return BACKENDS.sub(rf"\g<1>{_listed(forms.values())}.\g<2>[{names}]", schema)


def _listed(words: Iterable[str]) -> str:
    *first, last = words
    return ", ".join([*first, f"or {last}"])
