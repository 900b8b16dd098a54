"""The resources of a template: other templates, or Heat's own types.

definition  what every resource is created from   values      nothing, a value, a random string, a stub
nested      a template as a resource              groups      a chain, a group
order       dependencies                          policies    deletion and update
validation  what Heat validates before it creates a stack

These are Heat's types that need no cloud. Every other type is a stub, whose attributes are null.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping as AbstractMapping

from compiler.diagnostics import CompileError
from compiler.hot.evaluation import Evaluation
from compiler.hot.loader import beside
from compiler.hot.memo import Memo
from compiler.hot.properties import Properties
from compiler.hot.registry import find_registration, is_template
from compiler.hot.resource import Resource
from compiler.hot.resources.definition import Make, ResourceDefinition
from compiler.hot.resources.groups import ResourceChain, ResourceGroup
from compiler.hot.resources.nested import nested
from compiler.hot.resources.policies import deletion_policy
from compiler.hot.resources.values import Nothing, RandomStringResource, ValueResource
from compiler.hot.scope import Thunk
from compiler.hot.stack import Stack
from compiler.hot.template import Template
from compiler.model.inputs import NOTHING, TemplateFile
from compiler.node import Mapping, Node, expect_string, mapping_of

_SINGLE: dict[str, Callable[[ResourceDefinition, Properties], Resource]] = {
    "OS::Heat::Value": ValueResource,
    "OS::Heat::RandomString": RandomStringResource,
}
_SEVERAL: dict[str, Callable[[ResourceDefinition, Properties, Make], Resource]] = {
    "OS::Heat::ResourceChain": ResourceChain,
    "OS::Heat::ResourceGroup": ResourceGroup,
}


def root_stack(
    evaluation: Evaluation,
    template: Template,
    properties: AbstractMapping[str, Thunk] | None = None,
    memo: Memo | None = None,
) -> Stack:
    """The stack of a root template. `memo`: of another root of the same evaluation; else it gets its own."""
    own = Memo() if memo is None else memo.inner()
    return Stack(evaluation, own, make_resource, template, properties or {})


def make_resource(stack: Stack, name: str) -> Resource | None:
    """A resource of a template; None if its condition disables it."""
    written = stack.template.resources[name]
    deletion_policy(stack, written)  # which must be valid, even where a condition disables the resource
    condition = written.entries.get("condition")
    if condition is not None and not stack.enabled(condition):
        return None
    properties = written.entries.get("properties") or mapping_of({}, written)
    assert isinstance(properties, Mapping)
    is_call = stack.scope.is_call(properties)
    thunks = {} if is_call else {key: _thunk(stack, value) for key, value in properties.entries.items()}
    resource = resource_of(
        ResourceDefinition(
            stack=stack, path=(name,), type=written.entries["type"], properties=thunks, place=properties
        )
    )
    if is_call and resource.policies is not None:
        hint = "call the function in the value of each property"
        raise CompileError(f"`properties` of resource `{name}` cannot be a function", properties.span, hint)
    return resource


def _thunk(stack: Stack, node: Node) -> Thunk:
    return lambda: stack.scope.evaluate(node)


def resource_of(definition: ResourceDefinition) -> Resource:
    """The resource of a definition: a template, or a type that the registry maps its type to."""
    try:
        return _resource_of(definition)
    except CompileError as error:
        if not definition.type.is_hidden:
            raise
        raise CompileError(
            f"the type of {definition.label} is a hidden value", error.problems[0].span
        ) from None


def _resource_of(definition: ResourceDefinition) -> Resource:
    stack, place = definition.stack, definition.type
    kind = expect_string(place, f"the type of {definition.label}")
    path = (*stack.path, *definition.path)
    registration = find_registration(stack.evaluation.registry, kind, path, place, enclosing=stack.enclosing)
    target = registration.target
    if isinstance(target, TemplateFile):
        return nested(definition, target, registration)
    if is_template(target):
        file = TemplateFile(path=beside(stack.template, target, place), tree=stack.template.tree)
        return nested(definition, file, registration)
    properties = Properties(definition.label, definition.properties, definition.place)
    if target == NOTHING:
        return Nothing(definition)
    if target in _SINGLE:
        return _SINGLE[target](definition, properties)
    if target in _SEVERAL:
        return _SEVERAL[target](definition, properties, resource_of)
    return _stub(definition, target)


def _stub(definition: ResourceDefinition, target: str) -> Nothing:
    stack, place = definition.stack, definition.type
    report = stack.evaluation.report
    if report is None:
        raise CompileError(
            f"{definition.label} has the type `{target}`, which needs a cloud",
            place.span,
            "register a template for it under `resource_registry` in an environment file",
        )
    report.suspect(
        f"{definition.label} has the type `{target}`, which needs a cloud: its attributes are null",
        place.span,
    )
    return Nothing(definition)
