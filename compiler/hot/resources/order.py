"""Which resources depend on which, and so must be created later."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from compiler.diagnostics import CompileError
from compiler.hot.scope import Names, Scope
from compiler.hot.stack import Stack
from compiler.node import Mapping, Node, Scalar, Sequence

_RESOURCES = ("resources",)
_FIELDS = ("properties", "metadata")


def check_order(stack: Stack, names: Iterable[str]) -> None:
    """Raise CompileError for circular dependencies; `names`: the resources that no condition disables.

    What functions name must exist as well; names in `depends_on` need not, as in Heat.
    """
    referred = {name: dict(_referred_by(stack, name)) for name in names}
    for others in referred.values():
        for other, place in others.items():
            if other not in referred:
                stack.find_resource(other, place)
    needs = {name: others | dict(_explicit(stack, name)) for name, others in referred.items()}
    done: set[str] = set()
    for name in needs:
        _follow(name, needs, done, [])


def _follow(name: str, needs: dict[str, dict[str, Node]], done: set[str], way: list[str]) -> None:
    way.append(name)
    for other, place in needs[name].items():
        if other in way:
            circle = " -> ".join([*way[way.index(other) :], other])
            raise CompileError(
                f"circular dependency between resources: {circle}", place.span, "remove one of them"
            )
        if other in needs and other not in done:
            _follow(other, needs, done, way)
    done.add(way.pop())


def _explicit(stack: Stack, name: str) -> Iterator[tuple[str, Node]]:
    """The names in `depends_on` of a resource, with their places."""
    node = stack.template.resources[name].entries.get("depends_on")
    for item in node.items if isinstance(node, Sequence) else [node]:
        if isinstance(item, Scalar):
            yield str(item.value), item


def _referred_by(stack: Stack, name: str) -> Iterator[tuple[str, Node]]:
    """The resources that functions in a resource name, with their places."""
    for field in _FIELDS:
        node = stack.template.resources[name].entries.get(field)
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
