"""Heat's own types with several members: chains and groups."""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import ClassVar

from compiler.diagnostics import CompileError, Report
from compiler.hot.properties import Properties, property_value
from compiler.hot.registry import is_template
from compiler.hot.resource import Resource
from compiler.hot.resources.definition import (
    NO_POLICIES,
    AttributePath,
    Make,
    ResourceDefinition,
    constant,
    inner,
    value_at,
)
from compiler.node import (
    Mapping,
    Node,
    Scalar,
    Sequence,
    expect_keys,
    expect_mapping,
    is_null,
    mapping_of,
    node_of,
    plain,
    scalar_of,
    sequence_of,
)
from compiler.node.hidden import made_of, quoted
from compiler.node.parts import parts_of
from compiler.node.rewriting import rewritten

MOST_MEMBERS = 10_000


@dataclass(frozen=True, slots=True)
class _Made:
    """The members under their numbers, but for those with mistakes."""

    members: dict[str, Resource] = field(default_factory=dict)
    mistakes: Report = field(default_factory=Report)


class Members(ABC):
    """A resource with members: a chain of types, or a group of one type."""

    policies: ClassVar[frozenset[str] | None] = NO_POLICIES

    whole: ClassVar[tuple[str, ...]] = ("refs",)  # attributes that need no further name
    are_alike: ClassVar[bool] = False  # a mistake in one member is in all of them

    def __init__(self, definition: ResourceDefinition, properties: Properties, make: Make) -> None:
        self._definition = definition
        self._properties = properties
        self._make = make

    @abstractmethod
    def _definitions(self) -> Iterator[ResourceDefinition]:
        """The definition of each member."""

    @property
    def members(self) -> dict[str, Resource]:
        """Each member under its number."""
        made = self._made()
        made.mistakes.check()
        return made.members

    def _made(self) -> _Made:
        definition = self._definition
        return definition.stack.memo.once("member", definition.name, definition.type, self._make_all)

    def _make_all(self) -> _Made:
        made = _Made()
        for definition in self._definitions():
            with made.mistakes.collecting():
                made.members[definition.path[-1]] = self._make(definition)
            if self.are_alike and made.mistakes.errors:
                break
        return made

    def attribute(self, name: str, path: AttributePath, place: Node) -> Node:
        """`refs`, `attributes` and `resource.N`; any other name gives a list with that of each member."""
        if name.startswith("resource."):
            return inner(self._member, name, path, place)
        if name == "refs":
            references = [each.reference(place) for each in self.members.values()]
            return value_at(sequence_of(references, place), path, place)
        if name == "attributes":
            return self._by_name(path, place)
        return sequence_of([each.attribute(name, path, place) for each in self.members.values()], place)

    def expect(self, name: str, place: Node) -> None:  # noqa: B027 - every class of them takes any
        """Any name: the members have the attributes."""

    def _by_name(self, path: AttributePath, place: Node) -> Node:
        if not path or not isinstance(path[0], str):
            raise CompileError(
                "`attributes` needs the name of an attribute", place.span, "write `[group, attributes, name]`"
            )
        name, rest = path[0], path[1:]
        found = {key: each.attribute(name, rest, place) for key, each in self.members.items()}
        return mapping_of(found, place)

    def _member(self, name: str, place: Node) -> Resource:
        if name not in self.members:
            raise CompileError(
                f"{self._definition.label} has no member {quoted(name, place)}",
                place.span,
                f"it has {len(self.members)} members",
            )
        return self.members[name]

    def references(self, place: Node) -> Node:
        """The reference of each member, by its number."""
        return mapping_of({name: each.reference(place) for name, each in self.members.items()}, place)

    def attributes(self, place: Node) -> Node:
        """The attributes that need no further name."""
        return mapping_of({name: self.attribute(name, (), place) for name in self.whole}, place)

    def reference(self, place: Node) -> Node:
        """The id of the nested stack that Heat would create for it."""
        stack = self._definition.stack
        return scalar_of(".".join((stack.evaluation.identity.id, *stack.path, *self._definition.path)), place)

    def check(self) -> None:
        made, mistakes = self._made(), Report()
        mistakes.errors.extend(made.mistakes.errors)
        for member in made.members.values():
            if self.are_alike and mistakes.errors:
                break
            with mistakes.collecting():
                member.check()
        mistakes.check()


class ResourceChain(Members):
    """OS::Heat::ResourceChain: resources of many types with the same properties."""

    def __init__(self, definition: ResourceDefinition, properties: Properties, make: Make) -> None:
        properties.expect(("resources", "concurrent", "resource_properties"), "`OS::Heat::ResourceChain`")
        super().__init__(definition, properties, make)

    def _definitions(self) -> Iterator[ResourceDefinition]:
        kinds = self._properties.required("resources", "comma_delimited_list")
        self._properties.value("concurrent", "boolean")
        shared = self._properties.value("resource_properties", "json")
        assert isinstance(kinds, Sequence)
        place = shared if isinstance(shared, Mapping) else mapping_of({}, self._definition.place)
        for index, kind in enumerate(kinds.items):
            if isinstance(kind, Scalar) and is_template(str(kind.value)):
                raise CompileError(
                    "a resource chain takes resource types, "
                    f"not the template {quoted(str(kind.value), kind)}",
                    kind.span,
                    "register the template for a type under `resource_registry`",
                )
            yield _member(self._definition, str(index), kind, place)


class ResourceGroup(Members):
    """OS::Heat::ResourceGroup: resources of one type; `%index%` is the number of each."""

    policies: ClassVar[frozenset[str] | None] = frozenset(("rolling_update", "batch_create"))
    whole = ("removed_rsrc_list", "refs", "refs_map")
    are_alike = True

    def __init__(self, definition: ResourceDefinition, properties: Properties, make: Make) -> None:
        properties.expect(
            ("count", "index_var", "resource_def", "removal_policies", "removal_policies_mode"),
            "`OS::Heat::ResourceGroup`",
        )
        super().__init__(definition, properties, make)

    def attribute(self, name: str, path: AttributePath, place: Node) -> Node:
        """As for a chain; also `refs_map`, and `removed_rsrc_list`. In an empty group any member is null."""
        if name.startswith("resource.") and not self.members:
            return scalar_of(None, place)
        if name == "refs_map":
            return value_at(self.references(place), path, place)
        if name == "removed_rsrc_list":
            policies = self._properties.value("removal_policies", "comma_delimited_list")
            place = made_of(place, policies or place)
            return value_at(node_of([*sorted(self._removed())], place), path, place)
        return super().attribute(name, path, place)

    def _definitions(self) -> Iterator[ResourceDefinition]:
        written = expect_mapping(self._properties.required("resource_def", "json"), "`resource_def`")
        expect_keys(written, frozenset(("type", "properties", "metadata")), "`resource_def`")
        if "type" not in written.entries:
            raise CompileError("`resource_def` has no type", written.span, "add `type: …`")
        if (metadata := written.entries.get("metadata")) is not None:
            property_value("json", metadata, "`metadata` of `resource_def`")
        properties, variable, removed = _own_properties(written), self._variable(), frozenset(self._removed())
        names = (str(index) for index in itertools.count() if str(index) not in removed)
        for name in itertools.islice(names, self._count()):
            self._definition.stack.spend(parts_of(properties), properties)
            numbered = rewritten(properties, partial(_replaced, variable, name), keys=False)
            yield _member(self._definition, name, written.entries["type"], numbered)

    def _count(self) -> int:
        node = self._properties.unless_null("count", "integer")
        count = 1 if node is None else plain(node)
        assert isinstance(count, int)
        if node is not None and not 0 <= count <= MOST_MEMBERS:
            raise CompileError(f"`count` must be 0 to {MOST_MEMBERS:,}, not {quoted(count, node)}", node.span)
        return count

    def _variable(self) -> str:
        node = self._properties.unless_null("index_var", "string")
        variable = "%index%" if node is None else str(plain(node))
        if node is not None and len(variable) < 3:
            raise CompileError("`index_var` must have at least three characters", node.span)
        return variable

    def _removed(self) -> Iterator[str]:
        mode = self._properties.unless_null("removal_policies_mode", "string")
        if mode is not None and plain(mode) not in ("append", "update"):
            raise CompileError("`removal_policies_mode` must be `append` or `update`", mode.span)
        policies = self._properties.value("removal_policies", "comma_delimited_list")
        for item in policies.items if isinstance(policies, Sequence) else ():
            policy = expect_mapping(property_value("json", item, "an item of `removal_policies`"), "it")
            expect_keys(policy, frozenset(("resource_list",)), "an item of `removal_policies`")
            listed = policy.entries.get("resource_list")
            names = (
                None if listed is None else property_value("comma_delimited_list", listed, "`resource_list`")
            )
            yield from (str(plain(name)) for name in (names.items if isinstance(names, Sequence) else ()))


def _own_properties(definition: Mapping) -> Mapping:
    """The properties of a group's members, without those that are null."""
    written = definition.entries.get("properties") or scalar_of(None, definition)
    properties = expect_mapping(property_value("json", written, "`properties`"), "it")
    kept = {key: value for key, value in properties.entries.items() if not is_null(value)}
    return mapping_of(kept, properties)


def _replaced(variable: str, name: str, text: str) -> str:
    return text.replace(variable, name)


def _member(group: ResourceDefinition, name: str, kind: Node, properties: Node) -> ResourceDefinition:
    assert isinstance(properties, Mapping)
    return ResourceDefinition(
        stack=group.stack,
        path=(*group.path, name),
        type=kind,
        properties={key: constant(value) for key, value in properties.entries.items()},
        place=properties,
    )
