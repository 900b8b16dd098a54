"""The table of rules."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from compiler.diagnostics import Problem
from compiler.heat.evaluation import EvaluationRequest
from compiler.heat.lint import calls, declarations, environments, paths, services, values
from compiler.heat.lint.documents import Document
from compiler.heat.lint.environments import Everything

T = TypeVar("T")
INVALID = "invalid"  # what Heat itself refuses when it reads a file


@dataclass(frozen=True, slots=True)
class Rule(Generic[T]):
    """A code, and the function that finds its problems."""

    code: str
    find: Callable[[T], Iterable[Problem]]


OF_FILES: tuple[Rule[Document], ...] = (
    Rule("duplicate-key", values.duplicate_keys),
    Rule("converted-key", values.converted_keys),
)
OF_TEMPLATES: tuple[Rule[Document], ...] = (
    Rule("literal-function", calls.literal_functions),
    Rule("unknown-function", calls.unknown_functions),
    Rule("misplaced-condition", calls.misplaced_conditions),
    Rule("unknown-name", calls.unknown_names),
    Rule("dynamic-file", calls.dynamic_files),
    Rule("unused-replacement", calls.unused_replacements),
    Rule("impossible-comparison", calls.impossible_comparisons),
    Rule("null-condition", calls.null_conditions),
    Rule("unused-condition", calls.unused_conditions),
    Rule("lost-constraint", declarations.lost_constraints),
    Rule("unknown-output-key", declarations.unknown_output_keys),
    Rule("respelt-value", values.respelt_defaults),
)
OF_LOADED_TEMPLATES: tuple[Rule[Document], ...] = (Rule("malformed-call", calls.malformed_calls),)
OF_EVERYTHING: tuple[Rule[Everything], ...] = (
    Rule("unused-parameter", environments.unused_parameters),
    Rule("undeclared-parameter", environments.undeclared_parameters),
    Rule("unused-registration", environments.unused_registrations),
    Rule("shadowed-registration", environments.shadowed_registrations),
    Rule("unknown-service", services.unknown_services),
    Rule("unused-strategy", environments.unused_strategies),
    Rule("null-value", environments.null_values),
    Rule("respelt-value", environments.respelt_values),
)
OF_EVALUATIONS: tuple[Rule[EvaluationRequest], ...] = (Rule("empty-path", paths.empty_paths),)

CODES: tuple[str, ...] = tuple(
    sorted(
        {INVALID}
        | {rule.code for rule in (*OF_FILES, *OF_TEMPLATES, *OF_LOADED_TEMPLATES)}
        | {rule.code for rule in OF_EVERYTHING}
        | {rule.code for rule in OF_EVALUATIONS}
    )
)
