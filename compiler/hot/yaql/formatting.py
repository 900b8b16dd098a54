"""`format`, which yaql 3.0 removed: with `str.format` templates could read any attribute of any object.

Fields here name an argument and no more (CVE-2024-29156): `{0}`, `{}`, `{name}`, with conversion and format.
"""

from __future__ import annotations

import re
import string
from collections.abc import Mapping, Sequence
from typing import Any

_LARGE = re.compile(r"\d{6}")  # widths that would exhaust memory


class _Formatter(string.Formatter):
    def get_field(self, field_name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[Any, Any]:
        if "." in field_name or "[" in field_name:
            raise ValueError(f"`format` cannot access attributes or items: `{{{field_name}}}`")
        return self.get_value(int(field_name) if field_name.isdecimal() else field_name, args, kwargs), None

    def format_field(self, value: Any, format_spec: str) -> str:
        if _LARGE.search(format_spec):
            raise ValueError(f"`{format_spec}` is too wide")
        return str(super().format_field(value, format_spec))


_FORMATTER = _Formatter()


def formatted(template: str, *values: Any, **named: Any) -> str:
    """The template with its fields replaced; ValueError, LookupError or TypeError as of `str.format`."""
    return _FORMATTER.vformat(template, values, named)
