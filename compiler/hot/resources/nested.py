"""A template as a resource of another."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from compiler.diagnostics import CompileError
from compiler.hot.evaluation import Evaluation
from compiler.hot.language import Resource
from compiler.hot.properties import Properties, handed_down
from compiler.hot.resources.definition import NO_POLICIES, Definition, Path, constant, inner, selected
from compiler.hot.resources.order import check_order
from compiler.hot.scope import OMITTED
from compiler.hot.stack import Stack, Thunk
from compiler.hot.template import Declaration, Template, expect_outputs
from compiler.model.stack import Registration, TemplateFile
from compiler.node import Mapping, Node, Scalar, expect_keys, expect_mapping, mapping_of, scalar_of


def nested(definition: Definition, file: TemplateFile, found: Registration) -> Nested:
    """The resource that a template is; `found` is what led to it."""
    stack, path = definition.stack, file.path
    if path in stack.ancestors:
        circle = " -> ".join((*stack.ancestors[stack.ancestors.index(path) :], path))
        raise CompileError(f"templates include one another: {circle}", definition.type.span)
    child = stack.evaluation.template(file.tree, path, definition.type)
    properties = Properties(definition.label, definition.properties, definition.place)
    expect_outputs(child)
    properties.expect(child.parameters, f"`{child.file}`", "parameter")
    given = _handed_down(stack.evaluation, child, properties)
    return Nested(
        Stack(stack.evaluation, child, given, stack, definition.path, stack.enclosing | {found}), properties
    )


def handed_to(evaluation: Evaluation, template: Template, properties: Node) -> Stack:
    """A template as a parent would make it with these properties; those it does not declare are left out."""
    expect_outputs(template)
    passed = expect_mapping(properties, "properties")
    declared = {name: constant(node) for name, node in passed.entries.items() if name in template.parameters}
    given = _handed_down(evaluation, template, Properties("the template", declared, passed))
    return Stack(evaluation, template, given)


def _handed_down(evaluation: Evaluation, template: Template, properties: Properties) -> dict[str, Thunk]:
    return {
        name: partial(_parameter, evaluation, template.parameters[name], properties)
        for name in properties.thunks
    }


def _parameter(evaluation: Evaluation, declaration: Declaration, properties: Properties) -> Node:
    found = properties.given(declaration.name)
    if found is None:
        return OMITTED
    return handed_down(declaration, found, properties.called(declaration.name), evaluation.broken)


class Nested:
    """A template as a resource: its outputs are its attributes."""

    policies: ClassVar[frozenset[str] | None] = NO_POLICIES

    def __init__(self, stack: Stack, properties: Properties) -> None:
        self.stack = stack
        self._properties = properties

    def attribute(self, name: str, path: Path, place: Node) -> Node:
        """An output of the template, or `resource.NAME.ATTRIBUTE` of one of its own resources."""
        if name.startswith("resource."):
            return inner(self.stack.find_resource, name, path, place)
        return selected(self.stack.output(name, place), path, place)

    def attributes(self, place: Node) -> Node:
        """Every output by its name."""
        names = self.stack.template.outputs
        return mapping_of({name: self.stack.output(name, place) for name in names}, place)

    def expect(self, name: str, place: Node) -> None:
        """An output of that name, or anything of its resources."""
        if not name.startswith("resource."):
            self.stack.output_node(name, place)

    def reference(self, place: Node) -> Node:
        """The output `OS::stack_id` if there is one, else the id of the nested stack."""
        if "OS::stack_id" in self.stack.template.outputs:
            return self.stack.output("OS::stack_id", place)
        return scalar_of(self.stack.pseudo()["OS::stack_id"], place)

    def check(self) -> None:
        """Every parameter that needs a value has one, and the template itself is right."""
        for declaration in self.stack.template.parameters.values():
            if (
                self._properties.given(declaration.name) is None
                and self.stack.default(declaration.name) is None
            ):
                self._properties.required(declaration.name)
        check(self.stack)


def check(stack: Stack) -> None:
    """Everything that Heat validates before it makes a stack: parameters, conditions, resources, outputs."""
    template = stack.template
    for name, declaration in template.parameters.items():
        stack.parameter(name, declaration.node)
    for name, node in template.conditions.items():
        stack.check_condition(name, node)
    for name, output in template.outputs.items():
        if stack.gives(name):
            stack.scope.check(output.entries["value"])
    found = {name: _found(stack, name, written) for name, written in template.resources.items()}
    for name, written in template.resources.items():
        each = found[name]
        for field in ("properties", "metadata", "update_policy"):
            if field in written.entries:
                refers = each is not None and each.policies is not None
                stack.scope.check(written.entries[field], refers=refers)
    check_order(stack, [name for name, each in found.items() if each is not None])
    for name, each in found.items():
        if each is not None:
            _check_policies(template.resources[name], each.policies)
            each.check()


def _found(stack: Stack, name: str, written: Mapping) -> Resource | None:
    make = partial(stack.evaluation.languages.resource, stack, name)
    return stack.once("resource", name, written, make)


def _check_policies(written: Mapping, known: frozenset[str] | None) -> None:
    """What only some resources can be told: how to be updated, and to leave a snapshot."""
    if known is None:
        return
    deletion, update = (written.entries.get(name) for name in ("deletion_policy", "update_policy"))
    if isinstance(deletion, Scalar) and str(deletion.value).lower() == "snapshot":
        raise CompileError("only a cloud can leave a snapshot", deletion.span, "write `delete` or `retain`")
    if update is not None:
        expect_keys(expect_mapping(update, "`update_policy`"), known, "`update_policy`")
