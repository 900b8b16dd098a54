"""Services that no registry has and fields that no host has, which templates name: misspelled names.

A service that no host runs is different: that its result is '' is how templates notice, and what others set
for it has no effect.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping as AbstractMapping
from dataclasses import dataclass
from functools import cached_property

from compiler.diagnostics import Report, closest
from compiler.hot.evaluation import Evaluation, OnMissingPath
from compiler.model.inputs import TemplateFile
from compiler.model.service import BY_SERVICE, Part, names_file
from compiler.node import Mapping, Node, Plain, Scalar
from compiler.node.hidden import quoted
from compiler.stages.resolve.facts import FIELDS
from compiler.stages.resolve.roles import service_name


@dataclass(frozen=True)
class KnownServices:
    """The services of all roles, and those of the registry, which are read when a name is in no role."""

    evaluation: Evaluation
    used: frozenset[str]

    def __contains__(self, name: str) -> bool:
        return name in self.used or name in self.names

    @cached_property
    def names(self) -> frozenset[str]:
        """All of them."""
        return self.used | frozenset(_registered(self.evaluation))


def report_unknown_targets(
    contributions: AbstractMapping[str, tuple[Part, ...]], known: KnownServices, report: Report
) -> None:
    """Report the services that contributions are for and that no registry has."""
    for name, parts in contributions.items():
        part = next((part for part in parts if names_file(part.path[-1])), None)
        if part is not None and name not in known:
            message = f"no service is named `{name}`, for which `{part.service}` sets this"
            report.suspect(message, part.place, closest(name, known.names))


def on_unknown_service(known: KnownServices, report: Report) -> OnMissingPath:
    """What to call for a path that does not exist."""

    def on_missing_path(_call: Mapping, path: list[Node], _value: Node) -> None:
        fact, *steps = (step.value if isinstance(step, Scalar) else None for step in path)
        _report_field(fact, path, report)
        name = steps[0] if fact in BY_SERVICE and steps else None
        if isinstance(name, str) and name not in known:
            hint = closest(name, known.names) or "register the service, or correct the name"
            report.suspect(
                f"no service is named {quoted(name, path[1])}: the result is ''", path[1].span, hint
            )

    return on_missing_path


def _report_field(fact: Plain, path: list[Node], report: Report) -> None:
    """Report the step of a path that is to be a field of a host, and is none."""
    position = _FIELD.get(fact) if isinstance(fact, str) else None
    step = path[position] if position is not None and position < len(path) else None
    if isinstance(step, Scalar) and isinstance(step.value, str) and step.value not in FIELDS:
        hint = closest(step.value, FIELDS) or f"a host has {', '.join(FIELDS)}"
        report.suspect(f"a host has no {quoted(step.value, step)}: the result is ''", step.span, hint)


_FIELD = {"Self": 1, "BootstrapHosts": 2, "ServiceHosts": 3}  # fact -> where a path has the field of a host


def _registered(evaluation: Evaluation) -> Iterator[str]:
    """The names of all services in the registry; mistakes in templates that no role uses are not reported."""
    mistakes = Report()
    for registration in evaluation.registry.types.values():
        if isinstance(file := registration.target, TemplateFile):
            with mistakes.collecting():
                template = evaluation.loader.template(file.tree, file.path, registration.node)
                yield service_name(template, evaluation)
