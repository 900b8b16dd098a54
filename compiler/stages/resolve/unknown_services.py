"""Services that templates ask for and no registry has: most likely misspelled names.

A service that no host runs is different: that its result is '' is how templates notice.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from compiler.diagnostics import Report, closest
from compiler.hot.evaluation import Evaluation, OnMissingPath
from compiler.model.inputs import TemplateFile
from compiler.model.service import BY_SERVICE
from compiler.node import Mapping, Node, Scalar
from compiler.node.hidden import quoted
from compiler.stages.resolve.roles import service_name


def on_unknown_service(evaluation: Evaluation, used: frozenset[str], report: Report) -> OnMissingPath:
    """What to call for a path that does not exist; `used`: the services of all roles."""

    @cache
    def known() -> frozenset[str]:
        return used | frozenset(_registered(evaluation))

    def on_missing_path(_call: Mapping, path: list[Node], _value: Node) -> None:
        fact, *steps = (step.value if isinstance(step, Scalar) else None for step in path)
        name = steps[0] if fact in BY_SERVICE and steps else None
        if isinstance(name, str) and name not in known():
            hint = closest(name, known()) or "register the service, or correct the name"
            report.suspect(
                f"no service is named {quoted(name, path[1])}: the result is ''", path[1].span, hint
            )

    return on_missing_path


def _registered(evaluation: Evaluation) -> Iterator[str]:
    """The names of all services in the registry; mistakes in templates that no role uses are not reported."""
    mistakes = Report()
    for registration in evaluation.registry.types.values():
        if isinstance(file := registration.target, TemplateFile):
            with mistakes.collecting():
                template = evaluation.loader.template(file.tree, file.path, registration.node)
                yield service_name(template, evaluation)
