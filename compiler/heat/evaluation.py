"""Templates without hosts: a template, its environments and parameters in; outputs out.

load → merge → resolve, for `heatsink resolve`, `conformance` and `lint`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from collections.abc import Mapping as AbstractMapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from compiler.diagnostics import CompileError, Report, closest
from compiler.files import short_name
from compiler.heat.environments import heat_environments
from compiler.heat.opening import HeatOpening
from compiler.heat.project import whole_disk
from compiler.hot.attachments import named_templates, registered_files
from compiler.hot.evaluation import (
    Evaluation,
    OnMissingPath,
    OnMissingValue,
    RandomStrings,
    StackIdentity,
    random_strings,
)
from compiler.hot.loader import TemplateLoader
from compiler.hot.resources import root_stack
from compiler.hot.resources.definition import constant
from compiler.hot.resources.nested import passed_properties
from compiler.hot.resources.validation import check
from compiler.hot.scope import Thunk
from compiler.hot.stack import Stack
from compiler.hot.template import Template
from compiler.model.inputs import Environment, Merge
from compiler.node import Node, Plain, from_plain, plain
from compiler.stages.merge import differences, merge


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationRequest:
    """What to evaluate, and how."""

    template: Path
    environments: tuple[Path, ...] = ()
    parameters: AbstractMapping[str, Plain] = field(default_factory=dict)
    # As if a parent passed them; undeclared ones are left out.
    properties: AbstractMapping[str, Plain] | None = None
    merge: Merge = Merge.SERVER
    identity: StackIdentity = field(default_factory=StackIdentity)
    validates: bool = True  # whether a violated constraint is an error, or only reported


def evaluate(
    request: EvaluationRequest,
    report: Report,
    *,
    random_strings: RandomStrings = random_strings,
    on_missing_path: OnMissingPath | None = None,
    on_missing_value: OnMissingValue | None = None,
) -> Stack:
    """The root stack of a template; its outputs are evaluated lazily.

    The report takes resource types that need a cloud, parameters that depend on the way of merging, and as
    errors unknown parameters and missing files. Raises CompileError with all its errors if no value would be
    certain: without the template, or with a part of an environment missing.
    """
    loader = TemplateLoader(HeatOpening())
    root = next(report.attempt(lambda: _root(loader, request.template)), None)
    environments = heat_environments(request.environments, request.merge, report)
    if root is None:
        raise CompileError.of(report.errors)
    environment = _merged(request, loader, root, environments, report)
    is_certain = not report.errors
    for each in environments:
        loader.conceal([*each.parameters.items(), *each.parameter_defaults.items()])
    _check_names(request, loader, root, environment, report)
    evaluation = Evaluation(
        loader=loader,
        registry=environment.resource_registry,
        defaults=environment.parameter_defaults,
        identity=request.identity,
        secrets=None,
        report=report,
        validates=request.validates,
        random_strings=random_strings,
        on_missing_path=on_missing_path,
        on_missing_value=on_missing_value,
    )
    for properties in report.attempt(lambda: _properties(request, evaluation, root, environment)):
        if is_certain:
            return root_stack(evaluation, root, properties)
    raise CompileError.of(report.errors)


def _root(loader: TemplateLoader, path: Path) -> Template:
    absolute = path.absolute()
    if not absolute.is_file():
        raise CompileError(f"template `{short_name(path)}` does not exist", hint="check the path")
    where = from_plain(str(path), "<command line>")
    return loader.template(whole_disk(), str(absolute.relative_to("/")), where)


def _merged(
    request: EvaluationRequest,
    loader: TemplateLoader,
    root: Template,
    environments: tuple[Environment, ...],
    report: Report,
) -> Environment:
    """The environments and the parameters of the request as one, merged as Heat's client and Heat do it."""
    line = {name: from_plain(value, f"-P {name}") for name, value in request.parameters.items()}
    types = _declared(loader, root, environments, line, report)
    with report.collecting():
        merge(environments, Merge.CLIENT)  # the client does so before it sends the files, and may fail
    for environment in report.attempt(
        lambda: merge(environments, request.merge, declared=types, command_line=line)
    ):
        for difference in differences(environments, types, line) if len(environments) > 1 else ():
            report.warn(difference.message(request.merge))
        return environment
    return Environment()


def _check_names(
    request: EvaluationRequest,
    loader: TemplateLoader,
    root: Template,
    environment: Environment,
    report: Report,
) -> None:
    """Report files that do not exist, and unknown parameters."""
    for _ in named_templates(loader, root, report):
        pass
    for name, node in environment.parameters.items() if request.properties is None else ():
        if name not in root.parameters:
            near = closest(name, root.parameters)
            hint = near or "values for nested templates go under `parameter_defaults`"
            report.error(f"the template has no parameter `{name}`", node.span, hint)


def _properties(
    request: EvaluationRequest, evaluation: Evaluation, root: Template, environment: Environment
) -> AbstractMapping[str, Thunk]:
    """The values of the root's parameters, from its environment or as if a parent passed them."""
    if request.properties is None:
        return {name: constant(node) for name, node in environment.parameters.items()}
    properties = from_plain(dict(request.properties), "--properties")
    return passed_properties(evaluation, root, properties)


class _Every(dict[str, str]):
    """Types of parameters where they do not matter: every name is declared."""

    def __contains__(self, name: object) -> bool:
        return True

    def __missing__(self, name: str) -> str:
        return "string"


def _declared(
    loader: TemplateLoader,
    root: Template,
    environments: tuple[Environment, ...],
    line: AbstractMapping[str, Node],
    report: Report,
) -> AbstractMapping[str, str]:
    """The types of all parameters of all templates, if merging depends on them.

    Reading every template of a tree takes longer than evaluating what is needed.
    """
    later = environments if line else environments[1:]  # the first with values is used as it is
    names = {name for each in later for name in each.parameters}
    if names <= root.parameters.keys() and not any(each.strategies for each in environments):
        return _Every()
    types: dict[str, str] = {}
    for template in _templates(loader, root, environments, report):
        types |= {name: declaration.type for name, declaration in template.parameters.items()}
    return types | {name: declaration.type for name, declaration in root.parameters.items()}


def _templates(
    loader: TemplateLoader, root: Template, environments: Iterable[Environment], report: Report
) -> Iterator[Template]:
    """Every template that Heat's client would send along."""
    registries = [each.resource_registry for each in environments]
    named = (each for registry in registries for each in registered_files(registry))
    yield from named_templates(loader, root, report)
    for file, place in named:
        for template in report.attempt(partial(loader.template, file.tree, file.path, place)):
            yield from named_templates(loader, template, report)


def outputs(root: Stack, report: Report) -> dict[str, Plain]:
    """Every output of a root stack, validated as Heat does before it creates a stack.

    Raises CompileError with every mistake, and those that the report has already.
    """
    with report.collecting():
        check(root)
    names = root.template.outputs
    values = {name: value for name in names for value in report.attempt(partial(_output, root, name))}
    report.check()
    return values


def output(root: Stack, name: str, report: Report) -> Plain:
    """One output of a root stack, evaluated with what it needs and nothing else.

    Raises CompileError with its mistake, and those that the report has already.
    """
    value = next(report.attempt(lambda: _output(root, name)), None)
    report.check()
    return value


def _output(root: Stack, name: str) -> Plain:
    place = root.template.root
    try:
        return plain(root.output(name, place))
    except RecursionError:
        raise CompileError(f"output `{name}` is nested too deeply to print", place.span) from None
