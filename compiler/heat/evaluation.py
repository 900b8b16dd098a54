"""Templates without hosts: a template, its environments and parameters in; outputs out.

load → merge → resolve, as `heatsink resolve` and `heatsink conformance` use them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from collections.abc import Mapping as AbstractMapping
from dataclasses import dataclass, field
from pathlib import Path

from compiler.diagnostics import CompileError, Report, closest
from compiler.files import Told, short_name, unheard
from compiler.hot.attachments import attached, registered_files
from compiler.hot.evaluation import Evaluation, RandomStrings, StackIdentity, random_strings
from compiler.hot.functions import Heat
from compiler.hot.resources.definition import constant
from compiler.hot.resources.nested import check, handed_to
from compiler.hot.stack import Stack
from compiler.hot.template import Template
from compiler.model.stack import Environment, Merge, Registry, Tree
from compiler.node import Node, Plain, given, plain
from compiler.stages.load.heat import HeatOpening
from compiler.stages.load.heat_environments import heat_environments
from compiler.stages.merge import differences, merge

_EVERYTHING = Tree(roots=(Path("/"),))  # Heat's client follows any path


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is to be evaluated, and with what."""

    template: Path
    environments: tuple[Path, ...] = ()
    parameters: AbstractMapping[str, Plain] = field(default_factory=dict)
    properties: AbstractMapping[str, Plain] | None = None  # as a parent's; those not declared are left out
    merge: Merge = Merge.SERVER
    identity: StackIdentity = field(default_factory=StackIdentity)


def evaluated(
    question: Question,
    report: Report,
    *,
    random_strings: RandomStrings = random_strings,
    told: Told = unheard,
) -> Stack:
    """The root template with its parameters; what it is worth is asked of it, no further than wanted.

    Nothing is validated: the report is told of resource types that only a cloud has and of constraints that
    values break. Files that the root template and those beside it name must be there.
    """
    evaluation = Evaluation(
        opener=HeatOpening(told),
        registry=Registry(),
        languages=Heat(),
        identity=question.identity,
        secrets=None,
        report=report,
        validates=False,
        random_strings=random_strings,
    )
    root = _root(evaluation, question.template)
    for _ in attached(evaluation, root):
        pass
    environments = heat_environments(question.environments, _EVERYTHING, question.merge)
    line = {name: given(value, f"-P {name}") for name, value in question.parameters.items()}
    types = _declared(evaluation, root, environments, line)
    merge(environments, Merge.CLIENT)  # the client does so before it sends the files, and may fail to
    environment = merge(environments, question.merge, declared=types, given=line)
    for each in differences(environments, types, line) if len(environments) > 1 else ():
        report.warn(each.told(question.merge))
    evaluation.registry = environment.resource_registry
    evaluation.defaults = environment.parameter_defaults
    if question.properties is not None:
        return handed_to(evaluation, root, given(dict(question.properties), "--properties"))
    _refuse_unknown(root, environment)
    values = {name: constant(node) for name, node in environment.parameters.items()}
    return Stack(evaluation, root, values)


def _root(evaluation: Evaluation, path: Path) -> Template:
    absolute = path.absolute()
    if not absolute.is_file():
        raise CompileError(f"there is no template `{short_name(path)}`", hint="check the path")
    where = given(str(path), "<command line>")
    return evaluation.template(_EVERYTHING, str(absolute.relative_to("/")), where)


def _refuse_unknown(root: Template, environment: Environment) -> None:
    for name, node in environment.parameters.items():
        if name not in root.parameters:
            hint = (
                closest(name, root.parameters) or "values for nested templates go under `parameter_defaults`"
            )
            raise CompileError(f"the template has no parameter `{name}`", node.span, hint)


class _Every(dict[str, str]):
    """Types of parameters where nobody asks for one: every name is declared."""

    def __contains__(self, name: object) -> bool:
        return True

    def __missing__(self, name: str) -> str:
        return "string"


def _declared(
    evaluation: Evaluation,
    root: Template,
    environments: tuple[Environment, ...],
    given: AbstractMapping[str, Node],
) -> AbstractMapping[str, str]:
    """The types of all parameters of all templates at hand, if merging depends on one.

    Reading every template of a tree takes longer than evaluating what it is used for.
    """
    later = environments if given else environments[1:]  # the first that says anything is taken as it is
    names = {name for each in later for name in each.parameters}
    if names <= root.parameters.keys() and not any(each.strategies for each in environments):
        return _Every()
    types: dict[str, str] = {}
    for template in _templates(evaluation, root, environments):
        types |= {name: declaration.type for name, declaration in template.parameters.items()}
    return types | {name: declaration.type for name, declaration in root.parameters.items()}


def _templates(
    evaluation: Evaluation, root: Template, environments: Iterable[Environment]
) -> Iterator[Template]:
    """Every template that Heat's client would send along."""
    registries = [each.resource_registry for each in environments]
    named = (each for registry in registries for each in registered_files(registry))
    yield from attached(evaluation, root)
    for file, place in named:
        yield from attached(evaluation, evaluation.template(file.tree, file.path, place))


def outputs(stack: Stack) -> dict[str, Plain]:
    """Every output of a template, validated as Heat does before it makes a stack of it."""
    stack.evaluation.validates = True
    check(stack)
    return {name: output(stack, name) for name in stack.template.outputs}


def output(stack: Stack, name: str) -> Plain:
    """One output of a template, and nothing but what it needs."""
    root = stack.template.root
    try:
        return plain(stack.output(name, root))
    except RecursionError:
        raise CompileError(f"output `{name}` is nested too deep to be shown", root.span) from None
