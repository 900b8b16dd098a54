"""A template with its parameters, evaluated lazily: what Heat calls a stack.

Whatever is computed is kept in the stack's memo, together with what it read.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping as AbstractMapping
from types import MappingProxyType

from compiler.diagnostics import CompileError, closest
from compiler.hot.evaluation import Evaluation
from compiler.hot.functions import conditions, values
from compiler.hot.loader import beside
from compiler.hot.memo import Memo
from compiler.hot.parameters import OnBroken, check_default, parameter_value
from compiler.hot.reads import ReadPath, fingerprint
from compiler.hot.resource import Resource
from compiler.hot.scope import OMITTED, Scope, Thunk
from compiler.hot.template import Declaration, Template
from compiler.hot.versions import Version
from compiler.meter import Meter, OverBudgetError
from compiler.model import secret
from compiler.model.inputs import Registration
from compiler.node import Mapping, Node, Scalar, is_null, scalar_of
from compiler.node.conversion import Conversion
from compiler.node.hidden import conceal, hidden, quoted
from compiler.source import Source

MakeResource = Callable[["Stack", str], Resource | None]  # None for one that its condition disables
_NO_PROPERTIES: AbstractMapping[str, Thunk] = MappingProxyType({})


class Stack:
    """A template with the properties that its parent passes. The root has no parent."""

    def __init__(
        self,
        evaluation: Evaluation,
        memo: Memo,
        make_resource: MakeResource,
        template: Template,
        properties: AbstractMapping[str, Thunk] = _NO_PROPERTIES,
        parent: Stack | None = None,
        enclosing: frozenset[Registration] = frozenset(),
    ) -> None:
        self.evaluation = evaluation
        self.memo = memo
        self.template = template
        self.properties = properties
        self.parent = parent
        self.enclosing = enclosing  # the registrations of this template and of those that contain it
        self.scope = Scope(self, values(template.version))
        self.condition_scope = Scope(self, conditions(template.version), is_condition=True)
        self._make_resource = make_resource

    def nested(
        self,
        resource: tuple[str, ...],
        template: Template,
        properties: AbstractMapping[str, Thunk],
        registration: Registration,
    ) -> Stack:
        """The stack of a resource of this one that is a template."""
        return Stack(
            self.evaluation,
            self.memo.inner(resource),
            self._make_resource,
            template,
            properties,
            self,
            self.enclosing | {registration},
        )

    @property
    def path(self) -> tuple[str, ...]:
        """The names of the resources from the root to this stack."""
        return () if self.parent is None else (*self.parent.path, *self.memo.resource)

    @property
    def conversion(self) -> Conversion:
        return self.memo.conversion

    @property
    def meter(self) -> Meter:
        """The budget of steps, which all stacks of an evaluation share."""
        return self.memo.meter

    def spend(self, steps: int, place: Node) -> None:
        """Take steps of what is no function. Raises CompileError at its place if too few are left."""
        try:
            self.meter.spend(steps)
        except OverBudgetError as error:
            raise CompileError(f"this {error}", place.span, "use fewer or smaller resources") from None

    @property
    def ancestors(self) -> tuple[str, ...]:
        """The paths of the enclosing templates, and of its own at the end."""
        above = self.parent.ancestors if self.parent is not None else ()
        return (*above, self.template.path)

    def parameter(self, name: str, place: Node) -> Node:
        if name in self.template.parameters:
            return self.memo.once("parameter", name, place, lambda: self._parameter(name, place))
        if (pseudo := PSEUDO_PARAMETERS.get(name)) is not None:
            return self.evaluation.defaults.get(name) or scalar_of(pseudo(self), place)
        known = self.template.parameters
        hint = closest(name, known) or "declare it under `parameters`"
        raise CompileError(
            f"parameter {quoted(name, place)} is not declared in this template", place.span, hint
        )

    def _parameter(self, name: str, place: Node) -> Node:
        broken: list[CompileError] = []
        value = self._typed(self.template.parameters[name], place, broken.append)
        if broken:
            problems = [problem for error in broken for problem in error.problems]
            self.evaluation.report_broken(CompileError.of(problems))
        return value

    def _typed(self, declaration: Declaration, place: Node, on_broken: OnBroken) -> Node:
        name, default = declaration.name, self.default(declaration.name)
        check_default(declaration, default, on_broken)
        value = self._supplied(name)
        if value is None or is_null(value):
            value = default
        if self._is_reference(declaration, value):
            self.memo.recorder.current.secrets.add(name)
            reference = scalar_of(secret.reference(name), declaration.node)
            return parameter_value(declaration, reference, on_broken)
        if value is None:
            return self._missing(declaration, place)
        if value is not declaration.default and name not in self.evaluation.facts:
            self.memo.recorder.current.places[name] = value.span
            if declaration.hidden and name not in self.properties:
                self.memo.recorder.current.hidden.add(name)
        if declaration.hidden:
            conceal(value)
            value = hidden(value)
        return parameter_value(declaration, value, on_broken)

    def _missing(self, declaration: Declaration, place: Node) -> Node:
        if self.evaluation.on_missing_value is not None:
            return self.evaluation.on_missing_value(self.template, declaration)
        name = declaration.name
        raise CompileError(
            f"parameter `{name}` has no value", place.span, f"set it in an environment file: `{name}: …`"
        )

    def default(self, name: str) -> Node | None:
        """The default of a parameter; in nested templates parameter_defaults override it."""
        found = self.template.parameters[name].default
        if self.parent is not None and name in self.evaluation.defaults:
            found = self.evaluation.defaults[name]
        return None if is_null(found) else found

    def _is_reference(self, declaration: Declaration, value: Node | None) -> bool:
        name, secrets = declaration.name, self.evaluation.secrets
        if secrets is None or name in self.properties or declaration.type != "string":
            return False
        is_generated = declaration.hidden and (value is None or name in secrets)
        return is_generated or name in self.evaluation.credentials

    def _supplied(self, name: str) -> Node | None:
        if (passed := self.properties.get(name)) is not None:
            value = passed()
            if value is not OMITTED and not is_null(value):
                return value
        return self.evaluation.facts.get(name) or self.evaluation.defaults.get(name)

    def record_read(self, path: ReadPath, value: Node | None) -> None:
        """Record that a parameter, or the value at a path in it, was read, if hosts differ in it."""
        name = path[0]
        if name in self.evaluation.variants and name not in self.properties:
            self.memo.recorder.current.variants[path] = fingerprint(value)

    def record_missing(self, call: Mapping, path: list[Node], value: Node) -> None:
        if self.evaluation.on_missing_path is not None:
            self.evaluation.on_missing_path(call, path, value)

    def has_resource(self, name: str) -> bool:
        return name in self.template.resources

    def find_resource(self, name: str, place: Node) -> Resource:
        if name not in self.template.resources:
            hint = closest(name, self.template.resources)
            raise CompileError(
                f"resource {quoted(name, place)} is not defined in this template", place.span, hint
            )
        resource = self.resource(name, place)
        if resource is None:
            raise CompileError(
                f"resource `{name}` is disabled by its condition", place.span, "refer to it inside an `if`"
            )
        return resource

    def resource(self, name: str, place: Node) -> Resource | None:
        """A resource that the template defines; None if its condition disables it."""
        return self.memo.once("resource", name, place, lambda: self._make_resource(self, name))

    def facade(self, field: str, call: Node) -> Node | None:
        if self.parent is None:
            raise CompileError("the root template has no parent resource", call.span)
        definition = self.parent.template.resources.get(".".join(self.memo.resource))
        written = None if definition is None else definition.entries.get(field)
        return None if written is None or is_null(written) else self.parent.scope.value(written)

    def output(self, name: str, place: Node) -> Node:
        """The value of an output; null if its condition disables it."""
        return self.memo.once("output", name, place, lambda: self._output(name, place))

    def _output(self, name: str, place: Node) -> Node:
        written = self.output_node(name, place)
        return self.scope.value(written) if self.has_value(name) else scalar_of(None, written)

    def has_value(self, name: str) -> bool:
        """Whether the condition of an output is true."""
        condition = self.template.outputs[name].entries.get("condition")
        return condition is None or self.template.version < Version.NEWTON or self.enabled(condition)

    def output_node(self, name: str, place: Node) -> Node:
        """The value of an output as it is written."""
        if name not in self.template.outputs:
            hint = closest(name, self.template.outputs)
            raise CompileError(
                f"`{self.template.file}` has no output {quoted(name, place)}", place.span, hint
            )
        return self.template.outputs[name].entries["value"]

    def enabled(self, node: Node) -> bool:
        if isinstance(node, Mapping) and not self.condition_scope.is_call(node):
            name = next(iter(node.entries), "")
            hint = (
                closest(name, self.condition_scope.functions)
                or "use a name, or a function such as `equals: [this, that]`"
            )
            raise CompileError(f"`{name}` is not a condition function", node.key_span(name), hint)
        return self.holds(self.condition_scope.value(node))

    def holds(self, value: Node) -> bool:
        """Whether the value of a condition means true: null does, and a string names another condition."""
        content = value.value if isinstance(value, Scalar) else value
        if content is None or isinstance(content, bool):
            return content is not False
        if not isinstance(content, str):
            raise CompileError(
                f"a condition must be a boolean, a name or a function, not {value.kind}", value.span
            )
        if content not in self.template.conditions:
            hint = closest(content, self.template.conditions) or "define it under `conditions`"
            raise CompileError(
                f"condition {quoted(content, value)} is not defined in this template", value.span, hint
            )
        return self.memo.once("condition", content, value, lambda: self._condition(content))

    def _condition(self, name: str) -> bool:
        node = self.template.conditions[name]
        self.check_condition(name, node)
        value = self.condition_scope.value(node)
        if not isinstance(value, Scalar) or not isinstance(value.value, bool):
            raise CompileError(f"condition `{name}` must be true or false, not {value.kind}", node.span)
        return value.value

    def check_condition(self, name: str, node: Node) -> None:
        """Raise CompileError if a definition is not a condition, whatever the parameters are."""
        scope = self.condition_scope
        is_boolean = isinstance(node, Scalar) and isinstance(node.value, bool)
        if not is_boolean and not scope.is_call(node):
            written = next(iter(node.entries), "") if isinstance(node, Mapping) else ""
            hint = closest(written, scope.functions) or "use a function such as `equals: [this, that]`"
            raise CompileError(
                f"condition `{name}` must be a boolean or a function, not {node.kind}", node.span, hint
            )
        scope.check(node)

    def file(self, path: str, place: Node) -> Source:
        return self.evaluation.loader.file(self.template.tree, beside(self.template, path, place), place)


# The parameters that every template has. Heat generates a name and an id for a nested stack; here they are
# the path to it.
PSEUDO_PARAMETERS: AbstractMapping[str, Callable[[Stack], str]] = {
    "OS::stack_name": lambda stack: "-".join((stack.evaluation.identity.name, *stack.path)),
    "OS::stack_id": lambda stack: ".".join((stack.evaluation.identity.id, *stack.path)),
    "OS::project_id": lambda stack: stack.evaluation.identity.project,
}
