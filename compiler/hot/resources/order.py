"""Which resources depend on which, and so must be created later."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from compiler.diagnostics import Problem, Report
from compiler.hot.scope import Names, Scope
from compiler.hot.stack import Stack
from compiler.node import Mapping, Node, Scalar, Sequence

_RESOURCES = ("resources",)
_FIELDS = ("properties", "metadata")


def check_order(stack: Stack, names: Iterable[str]) -> None:
    """Raise CompileError with all circular dependencies; `names`: the resources that no condition disables.

    What functions name must exist as well; names in `depends_on` need not, as in Heat. The resources of a
    circle are refused from then on.
    """
    mistakes = Report()
    referred: dict[str, dict[str, Node]] = {}
    for name in names:
        with mistakes.collecting():
            referred[name] = dict(_referred_by(stack, name))
    for others in referred.values():
        for other, place in others.items():
            with mistakes.collecting():
                stack.find_resource(other, place)
    needs = {name: others | dict(_explicit(stack, name)) for name, others in referred.items()}
    search = _Circles(stack, needs)
    for name in needs:
        if name not in search.done:
            search.follow(name, [])
    mistakes.errors.extend(search.problems)
    mistakes.check()


@dataclass(frozen=True, slots=True)
class _Circles:
    """A walk along what each resource needs, which meets every circle."""

    stack: Stack
    needs: dict[str, dict[str, Node]]
    done: set[str] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)

    def follow(self, name: str, way: list[str]) -> None:
        """Walk on from a resource; `way`: the resources from the start to here."""
        way.append(name)
        for other, place in self.needs[name].items():
            if other in way:
                self._keep(way[way.index(other) :], place)
            elif other in self.needs and other not in self.done:
                self.follow(other, way)
        self.done.add(way.pop())

    def _keep(self, circle: list[str], place: Node) -> None:
        path = " -> ".join([*circle, circle[0]])
        problem = Problem(f"circular dependency between resources: {path}", place.span, "remove one of them")
        self.problems.append(problem)
        for name in circle:
            self.stack.memo.refuse("resource", name, (problem,))


def _explicit(stack: Stack, name: str) -> Iterator[tuple[str, Node]]:
    """The names in `depends_on` of a resource, with their places."""
    node = stack.template.resources[name].entries.get("depends_on")
    for item in node.items if isinstance(node, Sequence) else [node]:
        if isinstance(item, Scalar):
            yield str(item.value), item


def _referred_by(stack: Stack, name: str) -> Iterator[tuple[str, Node]]:
    """The resources that functions in a resource name, with their places."""
    for key in _FIELDS:
        node = stack.template.resources[name].entries.get(key)
        if node is not None:
            yield from _referred(stack.scope, node)


def _referred(scope: Scope, node: Node) -> Iterator[tuple[str, Node]]:
    if isinstance(node, Sequence):
        for item in node.items:
            yield from _referred(scope, item)
    elif isinstance(node, Mapping):
        function = scope.function(node)
        if function is not None and function.chooses:
            argument = node.entries[function.name]
            branch = scope.branch(argument) if isinstance(argument, Sequence) else None
            yield from _referred(scope, branch) if branch is not None else ()
            return
        if function is not None and function.names is not None and function.names.sections == _RESOURCES:
            yield from _resource(scope, function.names, node.entries[function.name], node)
        for value in node.entries.values():
            yield from _referred(scope, value)


def _resource(scope: Scope, names: Names, argument: Node, call: Node) -> Iterator[tuple[str, Node]]:
    for operand in names.operands(argument) or [argument]:
        value = scope.value(operand)
        if isinstance(value, Scalar):
            yield str(value.value), call
