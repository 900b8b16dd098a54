"""A template with its parameters, evaluated no further than somebody asks.

Whatever is computed is kept, together with what it read.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from collections.abc import Mapping as AbstractMapping
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import TypeVar

from compiler.diagnostics import CompileError, closest
from compiler.hot.evaluation import Evaluation, inside
from compiler.hot.language import Resource
from compiler.hot.parameters import check_default, checked
from compiler.hot.reads import Path as ReadPath
from compiler.hot.reads import Reads, fingerprint
from compiler.hot.scope import OMITTED, Scope
from compiler.hot.template import Template
from compiler.hot.versions import Version
from compiler.model import secret
from compiler.model.stack import Registration
from compiler.node import Mapping, Node, Scalar, is_null, scalar_of
from compiler.source import Source

T = TypeVar("T")
Thunk = Callable[[], Node]  # a value that somebody else evaluates, when it is asked for


class Stack:
    """One template with its parameters: what a stack is to Heat."""

    def __init__(
        self,
        evaluation: Evaluation,
        template: Template,
        given: AbstractMapping[str, Thunk] = MappingProxyType({}),
        parent: Stack | None = None,
        resource: tuple[str, ...] = (),
        enclosing: frozenset[Registration] = frozenset(),
    ) -> None:
        self.evaluation = evaluation
        self.template = template
        self.given = given
        self.parent = parent
        self.resource = resource  # of its parent; () for the root
        self.enclosing = enclosing  # what it and the templates around it are made of
        self.scope = Scope(self, evaluation.languages.values(template.version))
        self.condition_scope = Scope(self, evaluation.languages.conditions(template.version))
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
            return self.evaluation.defaults.get(name) or scalar_of(pseudo, place)
        known = self.template.parameters
        hint = closest(name, known) or "declare it under `parameters`"
        raise CompileError(f"parameter `{name}` is not declared in this template", place.span, hint)

    def pseudo(self) -> dict[str, str]:
        """The parameters that every template has.

        Heat makes up a name and an id for a nested stack; ours are the paths to it.
        """
        identity = self.evaluation.identity
        return {
            "OS::stack_name": "-".join((identity.name, *self.path)),
            "OS::stack_id": ".".join((identity.id, *self.path)),
            "OS::project_id": identity.project,
        }

    def _parameter(self, name: str, place: Node) -> Node:
        evaluation, declaration = self.evaluation, self.template.parameters[name]
        default = self.default(name)
        check_default(declaration, default, evaluation.broken)
        value = self._supplied(name)
        if value is None or is_null(value):
            value = default
        if declaration.hidden and self._is_reference(name, value):
            reference = scalar_of(secret.reference(name), declaration.node)
            return checked(declaration, reference, evaluation.broken)
        if value is None:
            raise CompileError(
                f"parameter `{name}` has no value", place.span, f"set it in an environment: `{name}: …`"
            )
        if value is not declaration.default and name not in evaluation.facts:
            evaluation.recorder.current.places[name] = value.span
            if declaration.hidden and name not in self.given:
                evaluation.recorder.current.hidden.add(name)
        return checked(declaration, value, evaluation.broken)

    def default(self, name: str) -> Node | None:
        """The default of a parameter; of nested templates parameter_defaults take its place."""
        found = self.template.parameters[name].default
        if self.parent is not None and name in self.evaluation.defaults:
            found = self.evaluation.defaults[name]
        return None if is_null(found) else found

    def _is_reference(self, name: str, value: Node | None) -> bool:
        if self.evaluation.secrets is None or name in self.given:
            return False
        return self.template.parameters[name].type == "string" and (
            value is None or name in self.evaluation.secrets
        )

    def _supplied(self, name: str) -> Node | None:
        if (passed := self.given.get(name)) is not None:
            value = passed()
            if value is not OMITTED and not is_null(value):
                return value
        return self.evaluation.facts.get(name) or self.evaluation.defaults.get(name)

    def varies(self, name: str) -> bool:
        """Whether the parameter's value here may differ between the hosts of a role."""
        return name in self.evaluation.variants and name not in self.given

    def read_variant(self, path: ReadPath, value: Node | None) -> None:
        """Remember that a value which differs between hosts was looked at."""
        self.evaluation.recorder.current.variants[path] = fingerprint(value)

    def find_resource(self, name: str, place: Node) -> Resource:
        """The resource of that name."""
        if name not in self.template.resources:
            hint = closest(name, self.template.resources)
            raise CompileError(f"resource `{name}` is not defined in this template", place.span, hint)
        found = self.once("resource", name, place, lambda: self.evaluation.languages.resource(self, name))
        if found is None:
            raise CompileError(
                f"resource `{name}` is switched off by its condition", place.span, "ask for it in an `if`"
            )
        return found

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
        return self.evaluation.opener.read(self.beside(path, place))

    def beside(self, path: str, place: Node) -> Path:
        """The file that a path in this template means."""
        relative = posixpath.normpath(PurePosixPath(self.template.path).parent / path)
        return inside(self.template.tree, relative, place)

    def once(self, kind: str, name: str, place: Node, compute: Callable[[], T]) -> T:
        """The result of `compute`, kept for the next who asks; asking for it within itself is a circle."""
        key = (kind, name)
        if key in self._kept:
            value, reads = self._kept[key]
            self.evaluation.recorder.current.add(reads)
            return value  # type: ignore[return-value] # what was kept under a key is what compute gave
        running, asked = self.evaluation.running, (self, *key)
        if asked in running:
            circle = [*running[running.index(asked) :], asked]
            said = " -> ".join(".".join((*stack.resource, name)) for stack, _, name in circle)
            kinds = {kind for _, kind, _ in circle}
            raise CompileError(
                f"{kinds.pop() if len(kinds) == 1 else 'value'}s refer to each other: {said}", place.span
            )
        running.append(asked)
        try:
            with self.evaluation.recorder.recording() as reads:
                computed = compute()
        except RecursionError:
            raise CompileError(
                f"{kind} `{name}` is nested too deep to be evaluated", place.span, "write it flatter"
            ) from None
        finally:
            running.pop()
        self._kept[key] = (computed, reads)
        return computed
