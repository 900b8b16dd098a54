"""The rule that needs values: paths into parameters that do not exist."""

from __future__ import annotations

from compiler.diagnostics import CompileError, Problem, Report, closest
from compiler.heat.evaluation import EvaluationRequest, evaluate
from compiler.hot.reads import Digits, member
from compiler.hot.stack import Stack
from compiler.model.service import FACTS
from compiler.node import Mapping, Node, Scalar, Sequence


def empty_paths(request: EvaluationRequest) -> list[Problem]:
    """Every `get_param` whose path does not exist, in all that outputs and resources of a template need.

    Conditions are left out: that is how templates test for a value. Errors are ignored.
    """
    problems: list[Problem] = []
    report = Report()

    def on_missing_path(call: Mapping, path: list[Node], value: Node) -> None:
        if not isinstance(path[0], Scalar) or path[0].value not in FACTS:  # the compiler supplies those
            problems.append(_missing(call, path, value))

    try:
        root = evaluate(request, report, on_missing_path=on_missing_path)
        report.check()
    except CompileError:
        return []
    _evaluate_all(root)
    return problems


def _evaluate_all(root: Stack) -> None:
    """All outputs, and the properties of all resources, as far as they have a value."""
    for name in root.template.outputs:
        try:
            root.output(name, root.template.root)
        except CompileError:
            continue
    for resource in root.template.resources.values():
        try:
            condition = resource.entries.get("condition")
            if condition is None or root.enabled(condition):
                root.scope.value(resource.entries.get("properties", resource))
        except CompileError:
            continue


def _missing(call: Mapping, path: list[Node], value: Node) -> Problem:
    """The value at the last step that exists, and the step that does not."""
    name, *steps = path
    current, shown = value, _shown(name)
    for step in steps:
        key = step.value if isinstance(step, Scalar) else None
        below = member(current, (key,), Digits.INDEX) if isinstance(key, str | int) else None
        if below is None:
            hint = _hint(key, current) or f"its value is set at {value.span.place}"
            return Problem(_message(shown, step, current), call.span, hint)
        current, shown = below, f"{shown}.{_shown(step)}"
    raise AssertionError("a path that leads somewhere is not missed")


def _message(shown: str, step: Node, value: Node) -> str:
    if isinstance(value, Mapping):
        return f"`{shown}` has no `{_shown(step)}`: the result is ''"
    kind = f"{len(value.items)} items" if isinstance(value, Sequence) else value.kind
    return f"`{shown}` is {kind} and has no `{_shown(step)}`: the result is ''"


def _hint(key: object, value: Node) -> str | None:
    if not isinstance(value, Mapping):
        return None
    is_number = not isinstance(key, str) and str(key) in value.entries
    return f"keys are strings: use `'{key}'`" if is_number else closest(str(key), value.entries)


def _shown(node: Node) -> str:
    return str(node.value) if isinstance(node, Scalar) else node.kind
