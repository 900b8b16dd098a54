"""Rules about the sections of a template."""

from __future__ import annotations

from collections.abc import Iterator

from compiler.diagnostics import Problem, closest
from compiler.heat.lint.documents import Document
from compiler.hot.constraints import CONSTRAINTS
from compiler.node import Mapping, Sequence

_OUTPUT = ("value", "description", "condition")


def lost_constraints(document: Document) -> Iterator[Problem]:
    """Several constraints in one mapping: Heat uses the first in its own order and ignores the rest."""
    for declaration in document.section("parameters").values():
        written = declaration.entries.get("constraints") if isinstance(declaration, Mapping) else None
        for constraint in written.items if isinstance(written, Sequence) else ():
            if isinstance(constraint, Mapping):
                kept, *lost = [name for name in CONSTRAINTS if name in constraint.entries] or [""]
                for name in lost:
                    yield Problem(
                        f"the constraint `{name}` is ignored: `{kept}` is in the same mapping",
                        constraint.key_span(name),
                        "make each constraint a separate list item",
                    )


def unknown_output_keys(document: Document) -> Iterator[Problem]:
    """Keys of an output that Heat ignores."""
    for output in document.section("outputs").values():
        if not isinstance(output, Mapping):
            continue
        for key in output.entries:
            if key not in _OUTPUT:
                yield Problem(
                    f"the key `{key}` of an output is ignored",
                    output.key_span(key),
                    closest(key, _OUTPUT) or f"the keys of an output are {', '.join(_OUTPUT)}",
                )
