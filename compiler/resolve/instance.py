"""A template with its parameters, evaluated no further than somebody asks.

Nodes go in and nodes come out, so that every value can still be shown in the line that made it. Whatever is
computed is kept, together with what it read.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from collections.abc import Mapping as AbstractMapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Protocol, TypeVar

from compiler.diagnostics import CompileError, Report, closest
from compiler.model import secret
from compiler.model.random_string import Recipe, random_string
from compiler.model.stack import Opener, Registration, Registry, Tree
from compiler.node import Mapping, Node, Scalar, Sequence, given, is_null, mapping_of, scalar_of, sequence_of
from compiler.node.conversion import Conversion
from compiler.resolve.parameters import check_default, checked
from compiler.resolve.reads import Key, Reads, Recorder, fingerprint
from compiler.resolve.reads import Path as ReadPath
from compiler.resolve.template import Template, template
from compiler.resolve.versions import Version
from compiler.source import Source

T = TypeVar("T")
OMITTED = given(None, "<omitted>")  # what an `if` without an else gives: the item around it disappears
Chance = Callable[[str, Recipe], str]  # the string of that name, made by the recipe if there is none yet
Supply = Callable[[], Node]  # a value that somebody else evaluates, when it is asked for
Missed = Callable[["Scope", Mapping, list[Node], Node], None]  # a call, its path, the parameter's value


class Function(Protocol):
    """One intrinsic function of a template language."""

    def shape(self, scope: Scope, argument: Node, call: Mapping) -> None:
        """An error where the argument, as it is written, is none of this function's."""
        ...

    def check(self, scope: Scope, argument: Node, call: Mapping) -> None:
        """As `shape`; and an error where the call names a resource or an attribute that is not there."""
        ...

    def value(self, scope: Scope, argument: Node, call: Mapping) -> Node:
        """The value of a call whose argument has the right shape."""
        ...


Functions = AbstractMapping[str, Function]


class Resource(Protocol):
    """What stands behind a name under `resources`."""

    def attribute(self, name: str, path: tuple[Key, ...], place: Node) -> Node:
        """What `get_attr: [resource, name, *path]` gives."""
        ...

    def attributes(self, place: Node) -> Node:
        """What `get_attr: [resource]` gives: every attribute."""
        ...

    def expect(self, name: str, place: Node) -> None:
        """An error if it has no attribute of that name."""
        ...

    def reference(self, place: Node) -> Node:
        """What `get_resource` gives."""
        ...

    def check(self) -> None:
        """An error if its properties are not what it takes, or if a template behind it is wrong."""
        ...


class Languages(Protocol):
    """The functions of each version of HOT: in values, in conditions."""

    def values(self, version: Version) -> Functions:
        """What may be called in values."""
        ...

    def conditions(self, version: Version) -> Functions:
        """What may be called in conditions."""
        ...

    def resource(self, at: Instance, name: str) -> Resource | None:
        """The resource of that name; None if its condition switches it off."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """What the root template is told of itself: there is no Heat to give it a name."""

    name: str = "overcloud"
    id: str = "11111111-2222-3333-4444-555555555555"
    project: str = "aaaabbbbccccdddd"


@dataclass(slots=True, kw_only=True)
class World:
    """What all instances of one evaluation share."""

    opener: Opener
    registry: Registry
    languages: Languages
    facts: AbstractMapping[str, Node] = field(default_factory=dict)  # what the compiler gives to templates
    defaults: AbstractMapping[str, Node] = field(default_factory=dict)  # parameter_defaults
    stack: Stack = field(default_factory=Stack)
    variants: frozenset[str] = frozenset()  # names of the parameters that differ between hosts
    secrets: frozenset[str] | None = frozenset()  # hidden parameters with a value in the secrets file, for
    # which references stand; None: values stand for themselves, as in Heat
    report: Report | None = None  # hears of resource types that only a cloud has; None: they are an error
    validates: bool = True  # whether a broken constraint is an error, or only told to the report
    random: Chance = lambda _, recipe: random_string(recipe)
    missed: Missed | None = None  # hears of every get_param whose path leads nowhere, and which is ''
    recorder: Recorder = field(default_factory=Recorder)
    conversion: Conversion = field(default_factory=Conversion)
    documents: dict[Path, Node] = field(default_factory=dict)
    templates: dict[Path, Template] = field(default_factory=dict)
    declared: set[str] = field(default_factory=set)  # every parameter that any template of the world declares
    running: list[tuple[Instance, str, str]] = field(default_factory=list)  # what is being computed, by whom

    def broken(self, error: CompileError) -> None:
        """What becomes of a value that breaks a constraint: Heat validates first, and then resolves."""
        if self.validates or self.report is None:
            raise error
        for problem in error.problems:
            self.report.unused(problem.message, problem.span, problem.hint)

    def template(self, tree: Tree, path: str, place: Node) -> Template:
        """The template at a path of a tree, read once."""
        file = inside(tree, path, place)
        if file not in self.templates:
            loaded = template(self.document(file), tree, path)
            self.templates[file] = loaded
            self.declared.update(loaded.parameters)
        return self.templates[file]

    def document(self, file: Path) -> Node:
        """The YAML document in a file, read once."""
        if file not in self.documents:
            self.documents[file] = self.opener.document(file)
        return self.documents[file]


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
        folders = [(root / path).parent for root in tree.roots]
        near = [tree.name(other) for folder in folders for other in folder.glob("*") if other.is_file()]
        name = tree.name(tree.roots[0] / path)
        raise CompileError(f"there is no file `{name}` in the templates", place.span, closest(name, near))
    return file


class Scope:
    """Where an expression stands: the template whose names it means, and the functions it may call."""

    __slots__ = ("at", "functions")

    def __init__(self, at: Instance, functions: Functions) -> None:
        self.at = at
        self.functions = functions

    def value(self, node: Node) -> Node:
        """The node with every call in it replaced by its value; null for what an `if` leaves out."""
        found = self.evaluate(node)
        return scalar_of(None, node) if found is OMITTED else found

    def evaluate(self, node: Node) -> Node:
        """As `value`, but OMITTED for what an `if` leaves out: the item around it is to disappear."""
        if isinstance(node, Mapping):
            if len(node.entries) == 1:
                for name, argument in node.entries.items():
                    function = self.functions.get(name)
                    if function is not None:
                        function.shape(self, argument, node)
                        return function.value(self, argument, node)
            return self._mapping(node)
        return self._sequence(node) if isinstance(node, Sequence) else node

    def is_call(self, node: Node) -> bool:
        """Whether a node is a function call: a mapping of one key, and that a function's name."""
        return (
            isinstance(node, Mapping)
            and len(node.entries) == 1
            and next(iter(node.entries)) in self.functions
        )

    def shallow(self, node: Node) -> tuple[Node, bool]:
        """The node with a call at its very top made, and whether what lies below is evaluated too."""
        return (self.value(node), True) if self.is_call(node) else (node, isinstance(node, Scalar))

    def check(self, node: Node, *, refers: bool = True) -> None:
        """An error for the first call in the node that is not well formed; nothing is evaluated.

        With `refers`, for one that names a resource or an attribute that is not there, too. What stands in an
        `if` is left alone.
        """
        if isinstance(node, Sequence):
            for item in node.items:
                self.check(item, refers=refers)
        elif isinstance(node, Mapping):
            name = next(iter(node.entries), "")
            if self.is_call(node):
                function = self.functions[name]
                (function.check if refers else function.shape)(self, node.entries[name], node)
            if name != "if" or not self.is_call(node):
                for value in node.entries.values():
                    self.check(value, refers=refers)

    def _sequence(self, node: Sequence) -> Node:
        items = [self.evaluate(item) for item in node.items]
        if items == node.items:  # nodes are equal only to themselves
            return node
        return sequence_of([item for item in items if item is not OMITTED], node)

    def _mapping(self, node: Mapping) -> Node:
        entries = {key: self.evaluate(value) for key, value in node.entries.items()}
        if entries == node.entries:
            return node
        kept = {key: value for key, value in entries.items() if value is not OMITTED}
        return mapping_of(kept, node, node.keys)


class Instance:
    """One template with its parameters: what a stack is to Heat."""

    def __init__(
        self,
        world: World,
        template: Template,
        given: AbstractMapping[str, Supply] = MappingProxyType({}),
        parent: Instance | None = None,
        resource: tuple[str, ...] = (),
        around: frozenset[Registration] = frozenset(),
    ) -> None:
        self.world = world
        self.template = template
        self.given = given
        self.parent = parent
        self.resource = resource  # of its parent; () for the root
        self.around = around  # what it and the templates around it are made of
        self.scope = Scope(self, world.languages.values(template.version))
        self.condition_scope = Scope(self, world.languages.conditions(template.version))
        self._kept: dict[tuple[str, str], tuple[object, Reads]] = {}

    @property
    def path(self) -> tuple[str, ...]:
        """The resources that lead to it from the root."""
        return () if self.parent is None else (*self.parent.path, *self.resource)

    @property
    def ancestors(self) -> tuple[str, ...]:
        """The templates around it, and its own at the end."""
        above = self.parent.ancestors if self.parent is not None else ()
        return (*above, self.template.path)

    def parameter(self, name: str, place: Node) -> Node:
        """The value of a parameter, in its type."""
        if name in self.template.parameters:
            return self.once("parameter", name, place, lambda: self._parameter(name, place))
        if (pseudo := self.pseudo().get(name)) is not None:
            return self.world.defaults.get(name) or scalar_of(pseudo, place)
        known = self.template.parameters
        hint = closest(name, known) or "declare it under `parameters`"
        raise CompileError(f"parameter `{name}` is not declared in this template", place.span, hint)

    def pseudo(self) -> dict[str, str]:
        """The parameters that every template has.

        Heat makes up a name and an id for a nested stack; ours are the paths to it.
        """
        stack = self.world.stack
        return {
            "OS::stack_name": "-".join((stack.name, *self.path)),
            "OS::stack_id": ".".join((stack.id, *self.path)),
            "OS::project_id": stack.project,
        }

    def _parameter(self, name: str, place: Node) -> Node:
        world, declaration = self.world, self.template.parameters[name]
        default = self.default(name)
        check_default(declaration, default, world.broken)
        value = self._supplied(name)
        if value is None or is_null(value):
            value = default
        if declaration.hidden and self._is_reference(name, value):
            reference = scalar_of(secret.reference(name), declaration.node)
            return checked(declaration, reference, world.broken)
        if value is None:
            raise CompileError(
                f"parameter `{name}` has no value", place.span, f"set it in an environment: `{name}: …`"
            )
        if value is not declaration.default and name not in world.facts:
            world.recorder.current.places[name] = value.span
            if declaration.hidden and name not in self.given:
                world.recorder.current.hidden.add(name)
        return checked(declaration, value, world.broken)

    def default(self, name: str) -> Node | None:
        """The default of a parameter; of nested templates parameter_defaults take its place."""
        found = self.template.parameters[name].default
        if self.parent is not None and name in self.world.defaults:
            found = self.world.defaults[name]
        return None if is_null(found) else found

    def _is_reference(self, name: str, value: Node | None) -> bool:
        if self.world.secrets is None or name in self.given:
            return False
        return self.template.parameters[name].type == "string" and (
            value is None or name in self.world.secrets
        )

    def _supplied(self, name: str) -> Node | None:
        if (passed := self.given.get(name)) is not None:
            value = passed()
            if value is not OMITTED and not is_null(value):
                return value
        return self.world.facts.get(name) or self.world.defaults.get(name)

    def varies(self, name: str) -> bool:
        """Whether the parameter's value here may differ between the hosts of a role."""
        return name in self.world.variants and name not in self.given

    def read_variant(self, path: ReadPath, value: Node | None) -> None:
        """Remember that a value which differs between hosts was looked at."""
        self.world.recorder.current.variants[path] = fingerprint(value)

    def find_resource(self, name: str, place: Node) -> Resource:
        """The resource of that name."""
        found = None
        if name in self.template.resources:
            found = self.once("resource", name, place, lambda: self.world.languages.resource(self, name))
            if found is None:
                raise CompileError(
                    f"resource `{name}` is switched off by its condition", place.span, "ask for it in an `if`"
                )
            return found
        hint = closest(name, self.template.resources)
        raise CompileError(f"resource `{name}` is not defined in this template", place.span, hint)

    def output(self, name: str, place: Node) -> Node:
        """The value of an output; null if its condition switches it off."""
        return self.once("output", name, place, lambda: self._output(name, place))

    def _output(self, name: str, place: Node) -> Node:
        written = self.output_node(name, place)
        return self.scope.value(written) if self.gives(name) else scalar_of(None, written)

    def gives(self, name: str) -> bool:
        """Whether the condition of an output lets it have a value."""
        condition = self.template.outputs[name].entries.get("condition")
        return condition is None or self.template.version < Version.NEWTON or self.enabled(condition)

    def output_node(self, name: str, place: Node) -> Node:
        """The value of an output as it is written."""
        if name not in self.template.outputs:
            hint = closest(name, self.template.outputs)
            raise CompileError(f"`{self.template.file}` has no output `{name}`", place.span, hint)
        return self.template.outputs[name].entries["value"]

    def enabled(self, node: Node) -> bool:
        """Whether a condition holds that is written in place: a boolean, a name, or a function."""
        if isinstance(node, Mapping) and not self.condition_scope.is_call(node):
            name = next(iter(node.entries), "")
            hint = closest(name, self.condition_scope.functions) or "write a name, or `equals: [this, that]`"
            raise CompileError(f"`{name}` is no condition function", node.key_span(name), hint)
        return self.holds(self.condition_scope.value(node))

    def holds(self, value: Node) -> bool:
        """Whether a condition holds, by its value: null is true, a string names another condition."""
        found = value.value if isinstance(value, Scalar) else value
        if found is None or isinstance(found, bool):
            return found is not False
        if not isinstance(found, str):
            raise CompileError(
                f"a condition is a boolean, a name or a function, not {value.kind}", value.span
            )
        if found not in self.template.conditions:
            hint = closest(found, self.template.conditions) or "define it under `conditions`"
            raise CompileError(f"condition `{found}` is not defined in this template", value.span, hint)
        return self.once("condition", found, value, lambda: self._condition(found))

    def _condition(self, name: str) -> bool:
        node = self.template.conditions[name]
        self.check_condition(name, node)
        value = self.condition_scope.value(node)
        if not isinstance(value, Scalar) or not isinstance(value.value, bool):
            raise CompileError(f"condition `{name}` is {value.kind}, not true or false", node.span)
        return value.value

    def check_condition(self, name: str, node: Node) -> None:
        """An error if a definition can be no condition, whatever the parameters are."""
        scope = self.condition_scope
        is_boolean = isinstance(node, Scalar) and isinstance(node.value, bool)
        if not is_boolean and not scope.is_call(node):
            written = next(iter(node.entries), "") if isinstance(node, Mapping) else ""
            hint = closest(written, scope.functions) or "write a function, such as `equals: [this, that]`"
            raise CompileError(f"condition `{name}` is defined as {node.kind}", node.span, hint)
        scope.check(node)

    def file(self, path: str, place: Node) -> Source:
        """A file beside the template."""
        return self.world.opener.read(self.beside(path, place))

    def beside(self, path: str, place: Node) -> Path:
        """The file that a path in this template means."""
        relative = posixpath.normpath(PurePosixPath(self.template.path).parent / path)
        return inside(self.template.tree, relative, place)

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
            said = " -> ".join(".".join((*at.resource, name)) for at, _, name in circle)
            kinds = {kind for _, kind, _ in circle}
            raise CompileError(
                f"{kinds.pop() if len(kinds) == 1 else 'value'}s refer to each other: {said}", place.span
            )
        running.append(asked)
        try:
            with self.world.recorder.recording() as reads:
                computed = compute()
        except RecursionError:
            raise CompileError(
                f"{kind} `{name}` is nested too deep to be evaluated", place.span, "write it flatter"
            ) from None
        finally:
            running.pop()
        self._kept[key] = (computed, reads)
        return computed
