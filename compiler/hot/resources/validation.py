"""What Heat validates before it creates a stack."""

from __future__ import annotations

from compiler.diagnostics import Report
from compiler.hot.parameter_groups import undeclared
from compiler.hot.resource import Resource
from compiler.hot.resources.order import check_order
from compiler.hot.resources.policies import check_policies
from compiler.hot.stack import Stack

_EXPRESSIONS = ("properties", "metadata", "update_policy")  # fields of a resource


def check(stack: Stack) -> None:
    """Validate parameters, conditions, resources and outputs, as Heat does before it creates a stack.

    Raises CompileError with every mistake; what depends on one only repeats it. Parameter groups with names
    that are not declared are reported: they change no value.
    """
    mistakes = Report()
    _report_groups(stack)
    _check_parameters(stack, mistakes)
    _check_expressions(stack, mistakes)
    _check_resources(stack, mistakes)
    mistakes.check()


def _report_groups(stack: Stack) -> None:
    report = stack.evaluation.report
    if report is None:
        return
    for problem in undeclared(stack.template.root.entries.get("parameter_groups"), stack.template.parameters):
        report.suspect(problem.message, problem.span, problem.hint)


def _check_parameters(stack: Stack, mistakes: Report) -> None:
    for name in stack.template.parameters:
        with mistakes.collecting():
            stack.parameter(name, stack.template.declared_at(name))


def _check_expressions(stack: Stack, mistakes: Report) -> None:
    """Conditions and outputs."""
    for name, node in stack.template.conditions.items():
        with mistakes.collecting():
            stack.check_condition(name, node)
    for name, output in stack.template.outputs.items():
        with mistakes.collecting():
            if stack.has_value(name):
                stack.scope.check(output.entries["value"])


def _check_resources(stack: Stack, mistakes: Report) -> None:
    sound = [name for name in stack.template.resources if _is_sound(stack, name, mistakes)]
    with mistakes.collecting():
        check_order(stack, sound)
    for name in sound:
        with mistakes.collecting():
            _check_resource(stack, name)


def _is_sound(stack: Stack, name: str, mistakes: Report) -> bool:
    """Whether a resource exists and its calls are well-formed, as its order and its properties need them."""
    own, written = Report(), stack.template.resources[name]
    resource: Resource | None = None
    with own.collecting():
        resource = stack.resource(name, written)
    refers = resource is not None and resource.policies is not None
    for field in _EXPRESSIONS:
        with own.collecting():
            if field in written.entries:
                stack.scope.check(written.entries[field], refers=refers)
    with mistakes.collecting():
        own.check()
    return resource is not None and not own.errors


def _check_resource(stack: Stack, name: str) -> None:
    written = stack.template.resources[name]
    resource = stack.find_resource(name, written)
    check_policies(stack, written, resource.policies)
    resource.check()
