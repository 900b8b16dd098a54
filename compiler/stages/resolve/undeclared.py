"""Parameters that are set but not declared: most likely misspelled names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from compiler.diagnostics import Report, closest
from compiler.hot.evaluation import Evaluation
from compiler.hot.resources import root_stack
from compiler.hot.resources.nested import Nested
from compiler.hot.stack import Stack
from compiler.model.inputs import Environment, Inputs, TemplateFile
from compiler.model.service import OF_ROLE, OWN_PARAMETERS
from compiler.node import Node
from compiler.source import Span
from compiler.stages.resolve.settings import role_parameters
from compiler.stages.resolve.tripleo_parameters import instead_of


def report_undeclared(
    inputs: Inputs, environment: Environment, evaluation: Evaluation, report: Report
) -> None:
    """Report every parameter that no template declares."""
    declared = evaluation.loader.declared
    unknown = [(name, node) for name, node in _set(inputs, environment) if name not in declared]
    if not unknown:
        return
    _read_registered(evaluation)
    declared = evaluation.loader.declared
    for name, node in unknown:
        if name not in declared:
            known, span = instead_of(name), _name_span(name, node)
            # the name of a hidden parameter may be misspelled
            place = span if known else span.without_text()
            similar = closest(name, declared | OWN_PARAMETERS) or _similar_key_of_role(name, inputs.roles)
            hint = known or similar or "remove it, or declare it in a template"
            report.suspect(f"no template declares the parameter `{name}`", place, hint)


def _name_span(name: str, value: Node) -> Span:
    """Where the name of a value is written: before it on its line, or on the line above; else the value."""
    span = value.span
    for line in (span.line, span.line - 1):
        text = span.source.line(line)[: span.column - 1 if line == span.line else None] if line else ""
        if match := re.search(rf"""(["']?{re.escape(name)}["']?)\s*:\s*(&\S+\s*)?(#.*)?$""", text):
            return Span(span.source, line, match.start(1) + 1, line, match.end(1) + 1)
    return span


def _set(inputs: Inputs, environment: Environment) -> Iterator[tuple[str, Node]]:
    """Every parameter that an environment, a role or a host sets, with its value."""
    of_roles = {f"{role}{suffix}" for role in inputs.role_names for suffix in OF_ROLE}
    read_here = OWN_PARAMETERS | of_roles
    layers = [environment.parameter_defaults | environment.parameters]
    layers += [role.parameters | role_parameters(environment, role) for role in inputs.roles.values()]
    layers += [host.parameters for host in inputs.hosts]
    for layer in layers:
        yield from ((name, node) for name, node in layer.items() if name not in read_here)


def _similar_key_of_role(name: str, roles: Iterable[str]) -> str | None:
    """A did-you-mean hint for `<Role>Parameters` or `<Role>Services` with a misspelled role or ending."""
    similar = [
        f"{role}{suffix}"
        for role in roles
        for suffix in OF_ROLE
        if (name.startswith(role) and closest(name.removeprefix(role), [suffix]))
        or (name.endswith(suffix) and closest(name.removesuffix(suffix), [role]))
    ]
    return closest(name, similar)


def _read_registered(evaluation: Evaluation) -> None:
    """Read every template of the registry: a parameter may belong to a service that no role uses.

    Mistakes in templates that no role uses are not reported.
    """
    for registration in evaluation.registry.types.values():
        if isinstance(registration.target, TemplateFile):
            with Report().collecting():
                file = registration.target
                _read_nested(
                    root_stack(
                        evaluation, evaluation.loader.template(file.tree, file.path, registration.node)
                    )
                )


def _read_nested(stack: Stack) -> None:
    for name, node in stack.template.resources.items():
        resource = stack.resource(name, node)
        if isinstance(resource, Nested):
            _read_nested(resource.stack)
