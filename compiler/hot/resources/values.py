"""Heat's own types without members, and stubs for types that need a cloud."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from typing import ClassVar

from compiler.diagnostics import CompileError, closest
from compiler.hot.properties import Properties
from compiler.hot.random_string_properties import string_recipe
from compiler.hot.resources.definition import NO_POLICIES, SHOW, AttributePath, ResourceDefinition, value_at
from compiler.hot.template import TYPES
from compiler.model import secret
from compiler.model.random_string import StringRecipe
from compiler.node import Node, Scalar, mapping_of, scalar_of
from compiler.node.hidden import quoted


class Nothing:
    """OS::Heat::None, or a type that needs a cloud: accepts every property; every attribute is null."""

    policies: ClassVar[frozenset[str] | None] = None

    def __init__(self, definition: ResourceDefinition) -> None:
        self._definition = definition

    def attribute(self, name: str, path: AttributePath, place: Node) -> Node:  # noqa: ARG002 - any of any
        return scalar_of(None, place)

    def attributes(self, place: Node) -> Node:
        return mapping_of({}, place)

    def expect(self, name: str, place: Node) -> None:
        pass

    def reference(self, place: Node) -> Node:
        """Its name, where Heat generates an id."""
        return scalar_of(self._definition.name, place)

    def check(self) -> None:
        pass


class OneValue(ABC):
    """A resource with one value, its attribute `value`."""

    policies: ClassVar[frozenset[str] | None] = NO_POLICIES

    def __init__(self, definition: ResourceDefinition, properties: Properties) -> None:
        self._definition = definition
        self._properties = properties

    @abstractmethod
    def value(self, place: Node) -> Node:
        """The value."""

    def attribute(self, name: str, path: AttributePath, place: Node) -> Node:
        self.expect(name, place)
        return scalar_of(None, place) if name == SHOW else value_at(self.value(place), path, place)

    def attributes(self, place: Node) -> Node:
        return mapping_of({"value": self.value(place)}, place)

    def expect(self, name: str, place: Node) -> None:
        if name not in (known := ("value", SHOW)):
            label = self._definition.label
            raise CompileError(
                f"{label} has no attribute {quoted(name, place)}", place.span, closest(name, known)
            )


class ValueResource(OneValue):
    """OS::Heat::Value: one expression with a name, and a type if one is set."""

    def __init__(self, definition: ResourceDefinition, properties: Properties) -> None:
        properties.expect(("value", "type"), "`OS::Heat::Value`")
        super().__init__(definition, properties)

    def value(self, place: Node) -> Node:
        return self._definition.stack.memo.once("value", self._definition.name, place, self._evaluated)

    def _evaluated(self) -> Node:
        kind = self._properties.value("type", "string")
        if kind is None:
            return self._properties.required("value")
        assert isinstance(kind, Scalar)
        if kind.value not in TYPES:
            raise CompileError(
                f"unknown type {quoted(str(kind.value), kind)} in {self._properties.called('type')}",
                kind.span,
                closest(str(kind.value), TYPES) or f"use one of {', '.join(sorted(TYPES))}",
            )
        return self._properties.required("value", str(kind.value))

    def reference(self, place: Node) -> Node:
        """Its name, where Heat generates an id."""
        return scalar_of(self._definition.name, place)

    def check(self) -> None:
        """Check that the value has its type."""
        self.value(self._definition.type)


class RandomStringResource(OneValue):
    """OS::Heat::RandomString: generated once and kept, by the path of the resource."""

    def __init__(self, definition: ResourceDefinition, properties: Properties) -> None:
        properties.expect(
            ("length", "sequence", "character_classes", "character_sequences", "salt"),
            "`OS::Heat::RandomString`",
        )
        super().__init__(definition, properties)

    def value(self, place: Node) -> Node:
        return scalar_of(
            self._definition.stack.memo.once("string", self._definition.name, place, self._string), place
        )

    def reference(self, place: Node) -> Node:
        """The string itself."""
        return self.value(place)

    def _string(self) -> str:
        path = (*self._definition.stack.path, *self._definition.path)
        name = re.sub(r"[^A-Za-z0-9_]", "_", "_".join(("RandomString", *path)))
        text = self._definition.stack.evaluation.random_strings(name, self._recipe())
        self._definition.stack.memo.recorder.current.secrets |= secret.names(text)
        return text

    def check(self) -> None:
        """Check that such a string can be generated."""
        self._recipe()

    def _recipe(self) -> StringRecipe:
        return string_recipe(self._properties)
