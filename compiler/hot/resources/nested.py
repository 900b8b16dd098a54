"""A template as a resource of another."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from compiler.diagnostics import CompileError
from compiler.hot.evaluation import Evaluation
from compiler.hot.properties import Properties, passed_value
from compiler.hot.resources.definition import (
    NO_POLICIES,
    AttributePath,
    ResourceDefinition,
    constant,
    inner,
    value_at,
)
from compiler.hot.resources.validation import check
from compiler.hot.scope import OMITTED, Thunk
from compiler.hot.stack import PSEUDO_PARAMETERS, Stack
from compiler.hot.template import Declaration, Template, expect_outputs
from compiler.model.inputs import Registration, TemplateFile
from compiler.node import Node, expect_mapping, mapping_of, scalar_of

_STACK = 250  # steps of a nested stack, by its size


def nested(definition: ResourceDefinition, file: TemplateFile, registration: Registration) -> Nested:
    """The resource for a template; `registration`: the entry that led to it."""
    stack, path = definition.stack, file.path
    stack.spend(_STACK, definition.type)
    if path in stack.ancestors:
        circle = " -> ".join((*stack.ancestors[stack.ancestors.index(path) :], path))
        raise CompileError(f"circular inclusion of templates: {circle}", definition.type.span)
    child = stack.evaluation.loader.template(file.tree, path, definition.type)
    properties = Properties(definition.label, definition.properties, definition.place)
    expect_outputs(child)
    properties.expect(child.parameters, f"`{child.file}`", "parameter")
    thunks = _passed(stack.evaluation, child, properties)
    return Nested(stack.nested(definition.path, child, thunks, registration))


def passed_properties(evaluation: Evaluation, template: Template, properties: Node) -> dict[str, Thunk]:
    """The properties for a root template, as if a parent passed them; undeclared ones are left out."""
    expect_outputs(template)
    mapping = expect_mapping(properties, "properties")
    declared = {name: constant(node) for name, node in mapping.entries.items() if name in template.parameters}
    return _passed(evaluation, template, Properties("the template", declared, mapping))


def _passed(evaluation: Evaluation, template: Template, properties: Properties) -> dict[str, Thunk]:
    return {
        name: partial(_parameter, evaluation, template.parameters[name], properties)
        for name in properties.thunks
    }


def _parameter(evaluation: Evaluation, declaration: Declaration, properties: Properties) -> Node:
    value = properties.get(declaration.name)
    if value is None:
        return OMITTED
    return passed_value(declaration, value, properties.called(declaration.name), evaluation.report_broken)


class Nested:
    """A template as a resource: its outputs are its attributes."""

    policies: ClassVar[frozenset[str] | None] = NO_POLICIES

    def __init__(self, stack: Stack) -> None:
        self.stack = stack

    def attribute(self, name: str, path: AttributePath, place: Node) -> Node:
        """An output of the template, or `resource.NAME.ATTRIBUTE` of one of its own resources."""
        if name.startswith("resource."):
            return inner(self.stack.find_resource, name, path, place)
        return value_at(self.stack.output(name, place), path, place)

    def attributes(self, place: Node) -> Node:
        """Every output by its name."""
        names = self.stack.template.outputs
        return mapping_of({name: self.stack.output(name, place) for name in names}, place)

    def expect(self, name: str, place: Node) -> None:
        """An output of that name, or anything below `resource.`."""
        if not name.startswith("resource."):
            self.stack.output_node(name, place)

    def reference(self, place: Node) -> Node:
        """The output `OS::stack_id` if there is one, else the id of the nested stack."""
        if "OS::stack_id" in self.stack.template.outputs:
            return self.stack.output("OS::stack_id", place)
        return scalar_of(PSEUDO_PARAMETERS["OS::stack_id"](self.stack), place)

    def check(self) -> None:
        """Check the template."""
        check(self.stack)
