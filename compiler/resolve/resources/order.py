"""Which resource needs which, so that Heat would have to make it first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from compiler.diagnostics import CompileError
from compiler.node import Mapping, Node, Scalar, Sequence
from compiler.resolve.instance import Instance
from compiler.resolve.scope import Scope

_REFERRING = ("get_resource", "get_attr")
_FIELDS = frozenset(("properties", "metadata"))


def refuse_circles(instance: Instance, names: Iterable[str]) -> None:
    """An error if resources need one another; `names` are those that no condition switches off.

    A resource that a function names must be there; Heat minds less what `depends_on` says.
    """
    needs = {name: dict(_needs(instance, name)) for name in names}
    for name in needs:
        for field in _FIELDS & instance.template.resources[name].entries.keys():
            for other, place in _referred(instance.scope, instance.template.resources[name].entries[field]):
                if other not in needs:
                    instance.find_resource(other, place)
    done: set[str] = set()
    for name in needs:
        _follow(name, needs, done, [])


def _follow(name: str, needs: dict[str, dict[str, Node]], done: set[str], way: list[str]) -> None:
    way.append(name)
    for other, place in needs[name].items():
        if other in way:
            circle = " -> ".join([*way[way.index(other) :], other])
            raise CompileError(f"resources need each other: {circle}", place.span, "take one of these away")
        if other in needs and other not in done:
            _follow(other, needs, done, way)
    done.add(way.pop())


def _needs(instance: Instance, name: str) -> Iterator[tuple[str, Node]]:
    """The resources that one names, and where."""
    written = instance.template.resources[name].entries
    explicit = written.get("depends_on")
    for node in explicit.items if isinstance(explicit, Sequence) else [explicit]:
        if isinstance(node, Scalar):
            yield str(node.value), node
    for field in _FIELDS:
        if field in written:
            yield from _referred(instance.scope, written[field])


def _referred(scope: Scope, node: Node) -> Iterator[tuple[str, Node]]:
    if isinstance(node, Sequence):
        for item in node.items:
            yield from _referred(scope, item)
    elif isinstance(node, Mapping):
        name = next(iter(node.entries), "")
        if name == "if" and scope.is_call(node):
            argument = node.entries[name]
            branch = scope.branch(argument) if isinstance(argument, Sequence) else None
            yield from _referred(scope, branch) if branch is not None else ()
            return
        if name in _REFERRING and scope.is_call(node):
            yield from _resource(scope, node.entries[name], node)
        for value in node.entries.values():
            yield from _referred(scope, value)


def _resource(scope: Scope, argument: Node, call: Node) -> Iterator[tuple[str, Node]]:
    named = argument.items[0] if isinstance(argument, Sequence) and argument.items else argument
    value = scope.value(named)
    if isinstance(value, Scalar):
        yield str(value.value), call
