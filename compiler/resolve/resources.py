"""What stands behind the resources of a template: another template, or one of Heat's own types.

Heat's types here are those that need no cloud. Every other type is a stub: it may be named, and its
attributes are null.
"""

from __future__ import annotations

import itertools
import posixpath
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath
from typing import ClassVar

from compiler.diagnostics import CompileError, closest
from compiler.model.random_string import Recipe
from compiler.model.stack import Registration, TemplateFile
from compiler.node import (
    Mapping,
    Node,
    Scalar,
    Sequence,
    expect_keys,
    expect_mapping,
    expect_string,
    is_null,
    mapping_of,
    node_of,
    plain,
    scalar_of,
    sequence_of,
)
from compiler.resolve.instance import OMITTED, Instance, Resource, Supply, World
from compiler.resolve.properties import Properties, handed_down, typed
from compiler.resolve.reads import Digits, Key, member
from compiler.resolve.recipes import recipe
from compiler.resolve.registry import is_template, registered
from compiler.resolve.template import TYPES, Declaration, Template, expect_outputs

Path = tuple[Key, ...]
SHOW = "show"  # the attribute that every resource has; it is the cloud's own view of it


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """One resource before it is known what it is: its type, and its properties unevaluated."""

    at: Instance
    path: tuple[str, ...]  # its name in the template; of a member of a group that, and its number
    type: Node
    properties: dict[str, Supply]
    place: Mapping  # where the properties are written

    @property
    def name(self) -> str:
        """Its path in one piece."""
        return ".".join(self.path)

    @property
    def label(self) -> str:
        """What an operator calls it."""
        return f"resource `{self.name}`"


def resource(at: Instance, name: str) -> Resource | None:
    """A resource of a template; None if its condition switches it off."""
    written = at.template.resources[name]
    condition = written.entries.get("condition")
    if condition is not None and not at.enabled(condition):
        return None
    properties = written.entries.get("properties") or mapping_of({}, written)
    if at.scope.is_call(properties):
        hint = "call the function in the value of each property"
        raise CompileError(f"`properties` of resource `{name}` cannot be a function", properties.span, hint)
    assert isinstance(properties, Mapping)
    supplies = {key: _supply(at, value) for key, value in properties.entries.items()}
    return made(
        Definition(at=at, path=(name,), type=written.entries["type"], properties=supplies, place=properties)
    )


def _supply(at: Instance, node: Node) -> Supply:
    return lambda: at.scope.evaluate(node)


def _constant(node: Node) -> Supply:
    return lambda: node


def made(definition: Definition) -> Resource:
    """The resource of a definition: a template, or what its type stands for in the end."""
    at, place = definition.at, definition.type
    kind = expect_string(place, f"the type of {definition.label}")
    path = (*at.path, *definition.path)
    found = registered(at.world.registry, kind, path, place, around=at.around)
    target = found.target
    if isinstance(target, TemplateFile):
        return _template(definition, target, found)
    if is_template(target):
        beside = posixpath.normpath(PurePosixPath(at.template.path).parent / target)
        return _template(definition, TemplateFile(path=beside, tree=at.template.tree), found)
    properties = Properties(definition.label, definition.properties, definition.place)
    if target in _TYPES:
        return _TYPES[target](definition, properties)
    report = at.world.report
    if report is None:
        raise CompileError(
            f"{definition.label} has the type `{target}`, which only a cloud has",
            place.span,
            "register a template for it under `resource_registry` in an environment",
        )
    report.unused(
        f"{definition.label} has the type `{target}`, which only a cloud has: its attributes are null",
        place.span,
    )
    written = at.template.resources.get(definition.name)
    return Stub(definition, None if written is None else written.entries.get("external_id"))


def _template(definition: Definition, file: TemplateFile, found: Registration) -> Resource:
    at, path = definition.at, file.path
    if path in at.ancestors:
        circle = " -> ".join((*at.ancestors[at.ancestors.index(path) :], path))
        raise CompileError(f"templates include one another: {circle}", definition.type.span)
    child = at.world.template(file.tree, path, definition.type)
    properties = Properties(definition.label, definition.properties, definition.place)
    expect_outputs(child)
    properties.expect(child.parameters, f"`{child.file}`", "parameter")
    given = _handed_down(at.world, child, properties)
    return Nested(Instance(at.world, child, given, at, definition.path, at.around | {found}), properties)


def handed_to(world: World, template: Template, properties: Node) -> Instance:
    """A template as a parent would make it with these properties; those it does not declare are left out."""
    expect_outputs(template)
    passed = expect_mapping(properties, "properties")
    declared = {name: _constant(node) for name, node in passed.entries.items() if name in template.parameters}
    given = _handed_down(world, template, Properties("the template", declared, passed))
    return Instance(world, template, given)


def _handed_down(world: World, template: Template, properties: Properties) -> dict[str, Supply]:
    return {
        name: partial(_parameter, world, template.parameters[name], properties)
        for name in properties.supplies
    }


def _parameter(world: World, declaration: Declaration, properties: Properties) -> Node:
    found = properties.given(declaration.name)
    if found is None:
        return OMITTED
    return handed_down(declaration, found, properties.called(declaration.name), world.broken)


class Nested:
    """A template as a resource: its outputs are its attributes."""

    def __init__(self, instance: Instance, properties: Properties) -> None:
        self.instance = instance
        self._properties = properties

    def attribute(self, name: str, path: Path, place: Node) -> Node:
        """An output of the template, or `resource.NAME.ATTRIBUTE` of one of its own resources."""
        if name.startswith("resource."):
            return _inner(self.instance.find_resource, name, path, place)
        return selected(self.instance.output(name, place), path, place)

    def attributes(self, place: Node) -> Node:
        """Every output by its name."""
        names = self.instance.template.outputs
        return mapping_of({name: self.instance.output(name, place) for name in names}, place)

    def expect(self, name: str, place: Node) -> None:
        """An output of that name, or anything of its resources."""
        if not name.startswith("resource."):
            self.instance.output_node(name, place)

    def reference(self, place: Node) -> Node:
        """The output `OS::stack_id` if there is one, else the id of the nested stack."""
        if "OS::stack_id" in self.instance.template.outputs:
            return self.instance.output("OS::stack_id", place)
        return scalar_of(self.instance.pseudo()["OS::stack_id"], place)

    def check(self) -> None:
        """Every parameter that needs a value has one, and the template itself is right."""
        for declaration in self.instance.template.parameters.values():
            if (
                self._properties.given(declaration.name) is None
                and self.instance.default(declaration.name) is None
            ):
                self._properties.required(declaration.name)
        _check_policies(self.instance)
        check(self.instance)


def _check_policies(instance: Instance) -> None:
    """What only resources of a cloud can be told: to leave a snapshot, and how to be updated."""
    assert instance.parent is not None
    definition = instance.parent.template.resources.get(".".join(instance.resource))
    for key, node in definition.entries.items() if definition is not None else ():
        snapshot = key == "deletion_policy" and isinstance(node, Scalar)
        if snapshot and str(plain(node)).lower() == "snapshot":
            raise CompileError("a template can leave no snapshot", node.span, "write `delete` or `retain`")
        if key == "update_policy" and isinstance(node, Mapping) and node.entries:
            raise CompileError("a template has no update policy", node.span, "take it away")


def check(instance: Instance) -> None:
    """Everything that Heat validates before it makes a stack: parameters, conditions, resources, outputs."""
    template = instance.template
    for name, declaration in template.parameters.items():
        instance.parameter(name, declaration.node)
    for name, node in template.conditions.items():
        instance.check_condition(name, node)
    for name, output in template.outputs.items():
        if instance.gives(name):
            instance.scope.check(output.entries["value"])
    for name, written in template.resources.items():
        found = instance.once("resource", name, written, partial(resource, instance, name))
        for field in ("properties", "metadata", "update_policy"):
            if field in written.entries:
                instance.scope.check(written.entries[field], refers=found is not None)
        if found is not None:
            found.check()


class Nothing:
    """OS::Heat::None: takes every property, and every attribute of it is null."""

    def __init__(self, definition: Definition, _: Properties) -> None:
        self._definition = definition

    def attribute(self, name: str, path: Path, place: Node) -> Node:  # noqa: ARG002 - any of any
        """Null."""
        return scalar_of(None, place)

    def attributes(self, place: Node) -> Node:
        """None."""
        return mapping_of({}, place)

    def expect(self, name: str, place: Node) -> None:
        """Any."""

    def reference(self, place: Node) -> Node:
        """Its name: Heat makes an id up."""
        return scalar_of(self._definition.name, place)

    def check(self) -> None:
        """Nothing can be wrong."""


class Stub(Nothing):
    """A type that only a cloud has."""

    def __init__(self, definition: Definition, external: Node | None) -> None:
        super().__init__(definition, Properties("", {}, definition.place))
        self._external = external

    def attribute(self, name: str, path: Path, place: Node) -> Node:
        """Null; of a resource that Heat would not make but find in the cloud, an error."""
        if self._external is not None:
            raise CompileError(
                f"{self._definition.label} has an `external_id`: it exists in a cloud, and only there its "
                "attributes are known",
                self._external.span,
                "register a template for its type that says what they are",
            )
        return super().attribute(name, path, place)


class Value:
    """OS::Heat::Value: one expression with a name, and a type if one is asked for."""

    def __init__(self, definition: Definition, properties: Properties) -> None:
        properties.expect(("value", "type"), "`OS::Heat::Value`")
        self._definition = definition
        self._properties = properties

    def attribute(self, name: str, path: Path, place: Node) -> Node:
        """`value`."""
        self.expect(name, place)
        return scalar_of(None, place) if name == SHOW else selected(self._value(place), path, place)

    def expect(self, name: str, place: Node) -> None:
        """`value`."""
        _expect_attribute(self._definition, name, place)

    def _value(self, place: Node) -> Node:
        return self._definition.at.once("value", self._definition.name, place, self._evaluated)

    def _evaluated(self) -> Node:
        kind = self._properties.value("type", "string")
        if kind is None:
            return self._properties.required("value")
        assert isinstance(kind, Scalar)
        if kind.value not in TYPES:
            raise CompileError(
                f"{self._properties.called('type')} is unknown: `{kind.value}`",
                kind.span,
                closest(str(kind.value), TYPES) or f"types are {', '.join(sorted(TYPES))}",
            )
        return self._properties.required("value", str(kind.value))

    def attributes(self, place: Node) -> Node:
        """`value`."""
        return mapping_of({"value": self._value(place)}, place)

    def reference(self, place: Node) -> Node:
        """Its name: Heat makes an id up."""
        return scalar_of(self._definition.name, place)

    def check(self) -> None:
        """The value has its type."""
        self._value(self._definition.type)


class RandomString:
    """OS::Heat::RandomString: made once and kept, by the path to the resource."""

    def __init__(self, definition: Definition, properties: Properties) -> None:
        properties.expect(
            ("length", "sequence", "character_classes", "character_sequences", "salt"),
            "`OS::Heat::RandomString`",
        )
        self._definition = definition
        self._properties = properties

    def attribute(self, name: str, path: Path, place: Node) -> Node:
        """`value`."""
        self.expect(name, place)
        return scalar_of(None, place) if name == SHOW else selected(self.reference(place), path, place)

    def expect(self, name: str, place: Node) -> None:
        """`value`."""
        _expect_attribute(self._definition, name, place)

    def attributes(self, place: Node) -> Node:
        """`value`."""
        return mapping_of({"value": self.reference(place)}, place)

    def reference(self, place: Node) -> Node:
        """The string itself."""
        at, name = self._definition.at, self._definition.name
        found = at.once("string", name, place, self._string)
        return scalar_of(found, place)

    def _string(self) -> str:
        path = (*self._definition.at.path, *self._definition.path)
        name = re.sub(r"[^A-Za-z0-9_]", "_", "_".join(("RandomString", *path)))
        return self._definition.at.world.random(name, self._recipe())

    def check(self) -> None:
        """Such a string can be made."""
        self._recipe()

    def _recipe(self) -> Recipe:
        return recipe(self._properties)


class Members:
    """A resource that is many: a chain of types, or a group of one type."""

    whole: ClassVar[tuple[str, ...]] = ("refs",)  # attributes that need no name of another

    def __init__(self, definition: Definition, members: Callable[[], dict[str, Resource]]) -> None:
        self._definition = definition
        self._members = members

    @property
    def members(self) -> dict[str, Resource]:
        """Each member under its number."""
        definition = self._definition
        return definition.at.once("member", definition.name, definition.type, self._members)

    def attribute(self, name: str, path: Path, place: Node) -> Node:
        """`refs`, `refs_map`, `attributes` and `resource.N`; any other name is asked of each member."""
        if name.startswith("resource."):
            return _inner(self._member, name, path, place)
        if name == "refs":
            return selected(
                sequence_of([each.reference(place) for each in self.members.values()], place), path, place
            )
        if name == "attributes":
            return self._by_name(path, place)
        return sequence_of([each.attribute(name, path, place) for each in self.members.values()], place)

    def expect(self, name: str, place: Node) -> None:
        """Any: the members are asked."""

    def _by_name(self, path: Path, place: Node) -> Node:
        if not path or not isinstance(path[0], str):
            raise CompileError(
                "`attributes` takes the name of one", place.span, "write `[group, attributes, name]`"
            )
        name, rest = path[0], path[1:]
        found = {key: each.attribute(name, rest, place) for key, each in self.members.items()}
        return mapping_of(found, place)

    def _member(self, name: str, place: Node) -> Resource:
        if name not in self.members:
            raise CompileError(
                f"{self._definition.label} has no member `{name}`", place.span, f"it has {len(self.members)}"
            )
        return self.members[name]

    def references(self, place: Node) -> Node:
        """What stands for each member, under its number."""
        return mapping_of({name: each.reference(place) for name, each in self.members.items()}, place)

    def attributes(self, place: Node) -> Node:
        """The attributes that need no name of another."""
        return mapping_of({name: self.attribute(name, (), place) for name in self.whole}, place)

    def reference(self, place: Node) -> Node:
        """The id of the nested stack that Heat would make of it."""
        at = self._definition.at
        return scalar_of(".".join((at.world.stack.id, *at.path, *self._definition.path)), place)

    def check(self) -> None:
        """Each member is right."""
        for each in self.members.values():
            each.check()


class Chain(Members):
    """OS::Heat::ResourceChain: resources of many types with the same properties."""

    def __init__(self, definition: Definition, properties: Properties) -> None:
        properties.expect(("resources", "concurrent", "resource_properties"), "`OS::Heat::ResourceChain`")
        self._properties = properties
        super().__init__(definition, self._made)

    def _made(self) -> dict[str, Resource]:
        kinds = self._properties.required("resources", "comma_delimited_list")
        self._properties.value("concurrent", "boolean")
        shared = self._properties.value("resource_properties", "json")
        assert isinstance(kinds, Sequence)
        place = shared if isinstance(shared, Mapping) else mapping_of({}, self._definition.place)
        for kind in kinds.items:
            if isinstance(kind, Scalar) and is_template(str(kind.value)):
                raise CompileError(
                    f"a chain is made of types, and `{kind.value}` is a template",
                    kind.span,
                    "give it a name under `resource_registry`",
                )
        return {
            str(index): made(_member(self._definition, str(index), kind, place))
            for index, kind in enumerate(kinds.items)
        }


class Group(Members):
    """OS::Heat::ResourceGroup: resources of one type, which know their number by `%index%`."""

    whole = ("removed_rsrc_list", "refs", "refs_map")

    def __init__(self, definition: Definition, properties: Properties) -> None:
        properties.expect(
            ("count", "index_var", "resource_def", "removal_policies", "removal_policies_mode"),
            "`OS::Heat::ResourceGroup`",
        )
        self._properties = properties
        super().__init__(definition, self._made)

    def attribute(self, name: str, path: Path, place: Node) -> Node:
        """As of a chain; and `refs_map`, and `removed_rsrc_list`. A group of none has null for any member."""
        if name.startswith("resource.") and not self.members:
            return scalar_of(None, place)
        if name == "refs_map":
            return selected(self.references(place), path, place)
        if name == "removed_rsrc_list":
            return selected(node_of([*sorted(self._removed())], place), path, place)
        return super().attribute(name, path, place)

    def _made(self) -> dict[str, Resource]:
        written = expect_mapping(self._properties.required("resource_def", "json"), "`resource_def`")
        expect_keys(written, frozenset(("type", "properties", "metadata")), "`resource_def`")
        if "type" not in written.entries:
            raise CompileError("`resource_def` has no type", written.span, "add `type: …`")
        removed = self._removed()
        names = (str(index) for index in itertools.count() if str(index) not in removed)
        return {
            name: made(
                _member(self._definition, name, written.entries["type"], self._numbered(written, name))
            )
            for name in itertools.islice(names, self._count())
        }

    def _count(self) -> int:
        given = self._properties.given("count")
        node = None if given is None or is_null(given) else self._properties.value("count", "integer")
        count = 1 if node is None else plain(node)
        assert isinstance(count, int)
        if node is not None and not 0 <= count <= MOST_MEMBERS:
            raise CompileError(
                f"a group of {count} cannot be", node.span, f"it has 0 to {MOST_MEMBERS:,} members"
            )
        return count

    def _numbered(self, written: Mapping, name: str) -> Mapping:
        node = self._properties.value("index_var", "string")
        variable = "%index%" if node is None else str(plain(node))
        if len(variable) < 3:
            raise CompileError("`index_var` has at least three characters", self._definition.place.span)
        properties = typed(
            "json", written.entries.get("properties") or scalar_of(None, written), "`properties`"
        )
        assert isinstance(properties, Mapping)
        kept = {key: value for key, value in properties.entries.items() if not is_null(value)}
        return mapping_of({key: _filled(value, variable, name) for key, value in kept.items()}, properties)

    def _removed(self) -> frozenset[str]:
        mode = self._properties.value("removal_policies_mode", "string")
        if mode is not None and plain(mode) not in ("append", "update", ""):
            raise CompileError("`removal_policies_mode` is `append` or `update`", mode.span)
        node = self._properties.value("removal_policies", "comma_delimited_list")
        policies = plain(node) if node is not None else []
        assert isinstance(policies, list)
        listed = (policy.get("resource_list") for policy in policies if isinstance(policy, dict))
        return frozenset(str(name) for names in listed if isinstance(names, list) for name in names)


MOST_MEMBERS = 10_000


def _filled(node: Node, variable: str, name: str) -> Node:
    """The node with the number of a member in place of its variable, in every string that is no key."""
    if isinstance(node, Mapping):
        return mapping_of({key: _filled(value, variable, name) for key, value in node.entries.items()}, node)
    if isinstance(node, Sequence):
        return sequence_of([_filled(item, variable, name) for item in node.items], node)
    assert isinstance(node, Scalar)
    return scalar_of(node.value.replace(variable, name), node) if isinstance(node.value, str) else node


def _member(group: Definition, name: str, kind: Node, properties: Mapping) -> Definition:
    return Definition(
        at=group.at,
        path=(*group.path, name),
        type=kind,
        properties={key: _constant(value) for key, value in properties.entries.items()},
        place=properties,
    )


def _inner(find: Callable[[str, Node], Resource], name: str, path: Path, place: Node) -> Node:
    """`resource.NAME` is a reference, `resource.NAME.ATTRIBUTE` or a path behind it an attribute."""
    steps: list[Key] = [*name.split(".", 2)[1:], *path]
    found = find(str(steps[0]), place)
    return (
        found.attribute(str(steps[1]), tuple(steps[2:]), place) if len(steps) > 1 else found.reference(place)
    )


def selected(value: Node, path: Path, place: Node) -> Node:
    """What lies at a path of an attribute; null where there is nothing."""
    found = member(value, path, Digits.KEY)
    return scalar_of(None, place) if found is None else found


def _expect_attribute(definition: Definition, name: str, place: Node) -> None:
    if name not in (known := ("value", SHOW)):
        raise CompileError(f"{definition.label} has no attribute `{name}`", place.span, closest(name, known))


_TYPES: dict[str, Callable[[Definition, Properties], Resource]] = {
    "OS::Heat::None": Nothing,
    "OS::Heat::Value": Value,
    "OS::Heat::RandomString": RandomString,
    "OS::Heat::ResourceChain": Chain,
    "OS::Heat::ResourceGroup": Group,
}
