"""A template with its parameters, evaluated no further than somebody asks.

Nodes go in and nodes come out, so that every value can still be shown in the line that made it. Whatever is
computed is kept, together with what it read.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator
from collections.abc import Mapping as AbstractMapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Protocol, TypeVar

from compiler.diagnostics import CompileError, closest
from compiler.model import secret
from compiler.model.stack import Opener, Registration, Tree
from compiler.node import (
    Mapping,
    Node,
    Scalar,
    Sequence,
    expect_mapping,
    expect_string,
    given,
    mapping_of,
    scalar_of,
    sequence_of,
)
from compiler.resolve.parameters import checked
from compiler.resolve.reads import Path as ReadPath
from compiler.resolve.reads import Reads, Recorder, fingerprint
from compiler.resolve.template import Template, template
from compiler.source import Source

T = TypeVar("T")
OMITTED = given(None, "<omitted>")  # what an `if` without an else gives: the item around it disappears


class Function(Protocol):
    """One intrinsic function: the argument as written, and the whole call for its place."""

    def __call__(self, at: Instance, argument: Node, call: Mapping) -> Node:
        """The value of the call."""
        ...


@dataclass(slots=True, kw_only=True)
class World:
    """What all instances of one evaluation share."""

    opener: Opener
    registry: dict[str, Registration]
    facts: AbstractMapping[str, Node]  # what the compiler itself gives to every template that declares it
    defaults: AbstractMapping[str, Node]  # parameter_defaults, with the role's and the host's over them
    variants: frozenset[str]  # names of the parameters that differ between hosts
    secrets: frozenset[str]  # hidden parameters whose value is kept in the secrets file
    functions: AbstractMapping[str, Function]
    recorder: Recorder = field(default_factory=Recorder)
    templates: dict[Path, Template] = field(default_factory=dict)
    declared: set[str] = field(default_factory=set)  # every parameter that any template of the world declares
    running: list[tuple[Instance, str, str]] = field(default_factory=list)  # what is being computed, by whom

    def template(self, tree: Tree, path: str, place: Node) -> Template:
        """The template at a path of a tree, read once."""
        file = inside(tree, path, place)
        if file not in self.templates:
            loaded = template(self.opener.document(file), tree, path)
            self.templates[file] = loaded
            self.declared.update(loaded.parameters)
        return self.templates[file]


def inside(tree: Tree, path: str, place: Node) -> Path:
    """The file of that path in the tree; a path that climbs out of the tree is refused."""
    if path.startswith(("/", "..")):
        raise CompileError(
            f"`{path}` lies outside the folder of templates",
            place.span,
            "keep what templates read inside the tree",
        )
    file = tree.find(path)
    if file is None:
        near = [
            str(other.relative_to(root))
            for root in tree.roots
            for other in (root / path).parent.glob("*")
            if other.is_file()
        ]
        raise CompileError(f"there is no file `{path}` in the templates", place.span, closest(path, near))
    return file


@dataclass(slots=True)
class Given:
    """A property that a parent passes: the node as written, and the instance that evaluates it."""

    node: Node
    scope: Instance


class Instance:
    """One template with its parameters: what a stack is to Heat."""

    def __init__(
        self,
        world: World,
        template: Template,
        given: AbstractMapping[str, Given] = MappingProxyType({}),
        ancestors: tuple[str, ...] = (),
        resource: str = "",
    ) -> None:
        self.world = world
        self.template = template
        self.given = given
        self.ancestors = (*ancestors, template.path)
        self.resource = resource  # of its parent; "" for a service's own template
        self._kept: dict[tuple[str, str], tuple[object, Reads]] = {}

    def evaluate(self, node: Node) -> Node:
        """The node with every function call in it replaced by its value."""
        if isinstance(node, Scalar):
            return node
        if isinstance(node, Sequence):
            return self._sequence(node)
        assert isinstance(node, Mapping)
        call = self.call(node)
        return call() if call is not None else self._mapping(node)

    def call(self, node: Node) -> Callable[[], Node] | None:
        """The function call that a mapping is: one key, and that a function's name. Else None."""
        if not isinstance(node, Mapping) or len(node.entries) != 1:
            return None
        ((name, argument),) = node.entries.items()
        function = self.world.functions.get(name)
        return None if function is None else lambda: function(self, argument, node)

    def shallow(self, node: Node) -> tuple[Node, bool]:
        """The node with a call at its very top made, and whether what lies below is evaluated too."""
        call = self.call(node)
        return (node, isinstance(node, Scalar)) if call is None else (call(), True)

    def _sequence(self, node: Sequence) -> Node:
        items = [self.evaluate(item) for item in node.items]
        if all(new is old for new, old in zip(items, node.items, strict=True)):
            return node
        return sequence_of([item for item in items if item is not OMITTED], node)

    def _mapping(self, node: Mapping) -> Node:
        entries = {key: self.evaluate(value) for key, value in node.entries.items()}
        if all(entries[key] is value for key, value in node.entries.items()):
            return node
        kept = {key: value for key, value in entries.items() if value is not OMITTED}
        return mapping_of(kept, node, node.keys)

    def parameter(self, name: str, place: Node) -> Node:
        """The value of a declared parameter, in its type."""
        declaration = self.template.parameters.get(name)
        if declaration is None:
            known = self.template.parameters
            hint = closest(name, known) or "declare it under `parameters`"
            raise CompileError(f"parameter `{name}` is not declared in this template", place.span, hint)
        return self.once("parameter", name, place, lambda: self._parameter(name, place))

    def _parameter(self, name: str, place: Node) -> Node:
        world, declaration = self.world, self.template.parameters[name]
        value, origin = self._supplied(name), declaration.default
        if value is None or (isinstance(value, Scalar) and value.value is None):
            value = None if isinstance(origin, Scalar) and origin.value is None else origin
        if declaration.hidden and self._is_reference(name, value):
            return checked(declaration, scalar_of(secret.reference(name), declaration.node))
        if value is None:
            raise CompileError(
                f"parameter `{name}` has no value", place.span, f"set it in an environment: `{name}: …`"
            )
        if value is not origin and name not in world.facts:
            world.recorder.current.places[name] = value.span
            if declaration.hidden and name not in self.given:
                world.recorder.current.hidden.add(name)
        return checked(declaration, value)

    def _is_reference(self, name: str, value: Node | None) -> bool:
        if self.template.parameters[name].type != "string" or name in self.given:
            return False
        return value is None or name in self.world.secrets

    def _supplied(self, name: str) -> Node | None:
        if (passed := self.given.get(name)) is not None:
            return passed.scope.evaluate(passed.node)
        return self.world.facts.get(name) or self.world.defaults.get(name)

    def varies(self, name: str) -> bool:
        """Whether the parameter's value here may differ between the hosts of a role."""
        return name in self.world.variants and name not in self.given

    def read_variant(self, path: ReadPath, value: Node | None) -> None:
        """Remember that a value which differs between hosts was looked at."""
        self.world.recorder.current.variants[path] = fingerprint(value)

    def attribute(self, resource: str, name: str, place: Node) -> Node:
        """The attribute of a resource: an output of the template behind it, or null of OS::Heat::None."""
        if resource not in self.template.resources:
            hint = closest(resource, self.template.resources)
            raise CompileError(f"resource `{resource}` is not defined in this template", place.span, hint)
        child = self.once("resource", resource, place, lambda: self._child(resource))
        return scalar_of(None, place) if child is None else child.output(name, place)

    def output(self, name: str, place: Node) -> Node:
        """The value of an output."""
        return self.once("output", name, place, lambda: self.evaluate(self.output_node(name, place)))

    def output_node(self, name: str, place: Node) -> Node:
        """The value of an output as it is written."""
        if name not in self.template.outputs:
            hint = closest(name, self.template.outputs)
            raise CompileError(f"`{self.template.path}` has no output `{name}`", place.span, hint)
        output = expect_mapping(self.template.outputs[name], f"output `{name}`")
        if "value" not in output.entries:
            raise CompileError(f"output `{name}` has no value", output.span)
        return output.entries["value"]

    def children(self) -> Iterator[Instance]:
        """The templates behind all resources."""
        for resource in self.template.resources:
            child = self._child(resource)
            if child is not None:
                yield child

    def _child(self, resource: str) -> Instance | None:
        node = self.template.resources[resource]
        type_node = node.entries.get("type")
        if type_node is None:
            raise CompileError(f"resource `{resource}` has no type", node.span)
        registration = self._registration(expect_string(type_node, "a resource type"), type_node)
        if registration.target is None:
            return None
        if registration.target in self.ancestors:
            circle = " -> ".join(
                (*self.ancestors[self.ancestors.index(registration.target) :], registration.target)
            )
            raise CompileError(f"templates include one another: {circle}", type_node.span)
        child = self.world.template(registration.tree, registration.target, type_node)
        properties = node.entries.get("properties")
        entries = expect_mapping(properties, "`properties`") if properties is not None else None
        passed = {}
        for name, value in entries.entries.items() if entries is not None else ():
            if name not in child.parameters:
                assert entries is not None
                hint = closest(name, child.parameters)
                raise CompileError(f"`{child.path}` has no parameter `{name}`", entries.key_span(name), hint)
            passed[name] = Given(value, self)
        return Instance(self.world, child, passed, self.ancestors, resource)

    def _registration(self, kind: str, place: Node) -> Registration:
        """A template beside this one, or what the registry says, alias after alias."""
        if kind.endswith((".yaml", ".yml", ".template")):
            target = posixpath.normpath(PurePosixPath(self.template.path).parent / kind)
            return Registration(target=target, tree=self.template.tree, node=place)
        return registered(self.world.registry, kind, place)

    def condition(self, name: str, place: Node, evaluate: Callable[[Node], bool]) -> bool:
        """The value of a named condition."""
        node = self.template.conditions.get(name)
        if node is None:
            hint = closest(name, self.template.conditions) or "define it under `conditions`"
            raise CompileError(f"condition `{name}` is not defined in this template", place.span, hint)
        return self.once("condition", name, place, lambda: evaluate(node))

    def file(self, path: str, place: Node) -> Source:
        """A file beside the template."""
        relative = posixpath.normpath(PurePosixPath(self.template.path).parent / path)
        return self.world.opener.read(inside(self.template.tree, relative, place))

    def once(self, kind: str, name: str, place: Node, compute: Callable[[], T]) -> T:
        """The result of `compute`, kept for the next who asks; asking for it within itself is a circle."""
        key = (kind, name)
        if key in self._kept:
            value, reads = self._kept[key]
            self.world.recorder.current.add(reads)
            return value  # type: ignore[return-value] # what was kept under a key is what compute gave
        running, asked = self.world.running, (self, *key)
        if asked in running:
            circle = [*running[running.index(asked) :], asked]
            said = " -> ".join(f"{at.resource}.{name}".lstrip(".") for at, _, name in circle)
            kinds = {kind for _, kind, _ in circle}
            raise CompileError(
                f"{kinds.pop() if len(kinds) == 1 else 'value'}s refer to each other: {said}", place.span
            )
        running.append(asked)
        try:
            with self.world.recorder.recording() as reads:
                computed = compute()
        finally:
            running.pop()
        self._kept[key] = (computed, reads)
        return computed


def registered(
    registry: dict[str, Registration], alias: str, place: Node, what: str = "resource type"
) -> Registration:
    """What an alias stands for in the end: a template, or nothing (`OS::Heat::None`)."""
    seen: list[str] = []
    name = alias
    while True:
        if name == "OS::Heat::None":
            return Registration(target=None, tree=Tree(roots=()), node=place)
        if name in seen:
            raise CompileError(
                f"aliases of the resource registry go round: {' -> '.join([*seen, name])}", place.span
            )
        found = registry.get(name)
        if found is None:
            hint = closest(name, registry) or "register it under `resource_registry` in an environment"
            raise CompileError(f"{what} `{name}` is not in the resource registry", place.span, hint)
        if found.target is None or found.target.endswith((".yaml", ".yml", ".template")):
            return found
        seen.append(name)
        name = found.target
