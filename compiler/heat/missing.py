"""The parameters without a value that an evaluation needs: all of them in one run."""

from __future__ import annotations

from dataclasses import dataclass

from compiler.diagnostics import Report
from compiler.heat.evaluation import EvaluationRequest, evaluate, output, outputs
from compiler.hot.properties import property_value
from compiler.hot.template import Declaration, Template
from compiler.node import Mapping, Node, Plain, Scalar, scalar_of
from compiler.source import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingParameter:
    """A parameter without a value, and where the templates that need it declare it."""

    name: str
    type: str
    hidden: bool
    description: str  # "" if it has none
    places: tuple[Span, ...]

    @property
    def plain(self) -> dict[str, Plain]:
        """It as JSON shows it."""
        declared: list[Plain] = [
            {"template": place.source.name, "line": place.line, "column": place.column}
            for place in self.places
        ]
        return {
            "name": self.name,
            "type": self.type,
            "hidden": self.hidden,
            "description": self.description,
            "declared": declared,
        }


def missing_parameters(
    request: EvaluationRequest, report: Report, output_name: str | None
) -> tuple[MissingParameter, ...]:
    """The parameters without a value that all outputs need, or that one; sorted by name.

    The evaluation goes on with an empty value: '', 0, false, [] or {}. That may cause other mistakes, so
    mistakes of the evaluation are the report's warnings if a value is missing, and else errors. Raises
    CompileError as `evaluate` does.
    """
    missing = _Declarations()
    root = evaluate(request, report, on_missing_value=missing)
    mistakes = Report()
    with mistakes.collecting():
        if output_name is None:
            outputs(root, mistakes)
        else:
            output(root, output_name, mistakes)
    report.warnings = mistakes.errors if missing.places else []
    report.errors += [] if missing.places else mistakes.errors
    return tuple(missing.parameter(name) for name in sorted(missing.places))


class _Declarations:
    """The declarations of parameters without a value, by name and place."""

    def __init__(self) -> None:
        self.places: dict[str, dict[Span, Declaration]] = {}

    def __call__(self, template: Template, declaration: Declaration) -> Node:
        """Keep a declaration; its empty value."""
        place = template.declared_at(declaration.name)
        self.places.setdefault(declaration.name, {})[place.span] = declaration
        return property_value(declaration.type, scalar_of(None, place), declaration.name)

    def parameter(self, name: str) -> MissingParameter:
        """All declarations of a name as one parameter, of the type and description that the first one has."""
        places = self.places[name]
        first = next(iter(places.values()))
        return MissingParameter(
            name=name,
            type=first.type,
            hidden=any(declaration.hidden for declaration in places.values()),
            description=_description(first),
            places=tuple(places),
        )


def _description(declaration: Declaration) -> str:
    node = declaration.node.entries.get("description") if isinstance(declaration.node, Mapping) else None
    return str(node.value).strip() if isinstance(node, Scalar) and node.value is not None else ""
