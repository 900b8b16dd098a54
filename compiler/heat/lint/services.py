"""Rules about services: those that a template asks for by name."""

from __future__ import annotations

from collections.abc import Iterator

from compiler.diagnostics import Problem, closest
from compiler.heat.lint.environments import Everything


def unknown_services(everything: Everything) -> Iterator[Problem]:
    """Services that a template asks for and no template is; none if any service has a computed name."""
    known = {name for each in (*everything.named, *everything.needed) for name in each.services}
    names = {name for name in known if name is not None}
    for template in everything.named if names == known else ():
        for node in template.asked:
            if node.value not in names:
                yield Problem(
                    f"no service is named `{node.value}`: the result is ''",
                    node.span,
                    closest(str(node.value), names) or "register the service, or correct the name",
                )
