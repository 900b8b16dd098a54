"""The second stage: many environments become one.

Two ways, as in TripleO: `server` is Heat's own (a parameter is replaced whole unless its merge strategy says
else), `client` is what python-heatclient does (mappings merge key by key at any depth, null over a mapping is
ignored).
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce

from compiler.diagnostics import CompileError
from compiler.model.stack import Environment, Merge
from compiler.node import Mapping, Node, Scalar, Sequence, mapping_of, scalar_of, sequence_of

_STRATEGY_OF_ALL = "default"


def merge(environments: Iterable[Environment], how: Merge = Merge.SERVER) -> Environment:
    """All environments as one; where two set the same key, the later wins."""
    overlaid = _by_client if how is Merge.CLIENT else _by_server
    return reduce(overlaid, environments, Environment())


def _by_client(below: Environment, above: Environment) -> Environment:
    return Environment(
        parameters=_deep_update(below.parameters, above.parameters),
        parameter_defaults=_deep_update(below.parameter_defaults, above.parameter_defaults),
        resource_registry=below.resource_registry | above.resource_registry,
        strategies=below.strategies | above.strategies,
    )


def _deep_update(below: dict[str, Node], above: dict[str, Node]) -> dict[str, Node]:
    merged = dict(below)
    for key, value in above.items():
        before = merged.get(key)
        if isinstance(before, Mapping) and isinstance(value, Mapping):
            entries = _deep_update(before.entries, value.entries)
            merged[key] = mapping_of(entries, value, before.keys | value.keys)
        elif not (isinstance(before, Mapping) and _is_null(value)):
            merged[key] = value
    return merged


def _by_server(below: Environment, above: Environment) -> Environment:
    strategies = dict(below.strategies)
    for name, strategy in above.strategies.items():
        if name != _STRATEGY_OF_ALL and strategies.get(name, strategy) != strategy:
            place = above.parameter_defaults.get(name) or above.parameters.get(name)
            raise CompileError(
                f"`{name}` has the merge strategy `{strategies[name]}` and now `{strategy}`",
                place.span if place is not None else None,
                "give it one strategy in all environments",
            )
        strategies[name] = strategy
    default = above.strategies.get(_STRATEGY_OF_ALL, "overwrite")

    def merged(before: dict[str, Node], after: dict[str, Node]) -> dict[str, Node]:
        result = dict(before)
        for name, value in after.items():
            if _is_null(value):
                continue
            strategy = strategies.get(name, default)
            result[name] = _merged(name, result[name], value, strategy) if name in result else value
        return result

    return Environment(
        parameters=merged(below.parameters, above.parameters),
        parameter_defaults=merged(below.parameter_defaults, above.parameter_defaults),
        resource_registry=below.resource_registry | above.resource_registry,
        strategies=strategies,
    )


def _merged(name: str, below: Node, above: Node, strategy: str) -> Node:
    """`merge`: mappings by key, lists and strings joined. `deep_merge`: so at every level of a mapping."""
    if strategy == "overwrite":
        return above
    if isinstance(below, Mapping) and isinstance(above, Mapping):
        entries = dict(below.entries)
        for key, value in above.entries.items():
            deep = strategy == "deep_merge" and key in entries
            entries[key] = _deep(name, entries[key], value) if deep else value
        return mapping_of(entries, above, below.keys | above.keys)
    return _joined(name, below, above)


def _deep(name: str, below: Node, above: Node) -> Node:
    if _is_null(above):
        return below
    if isinstance(below, Mapping) and isinstance(above, Mapping):
        return _merged(name, below, above, "deep_merge")
    joinable = isinstance(below, Sequence) and isinstance(above, Sequence)
    return _joined(name, below, above) if joinable or _are_strings(below, above) else above


def _joined(name: str, below: Node, above: Node) -> Node:
    if isinstance(below, Sequence) and isinstance(above, Sequence):
        return sequence_of(below.items + above.items, above)
    if isinstance(below, Scalar) and isinstance(above, Scalar) and _are_strings(below, above):
        return scalar_of(f"{below.value}{above.value}", above)
    raise CompileError(
        f"`{name}` cannot be merged: it is {below.kind} in one environment and {above.kind} here",
        above.span,
        "mappings, lists and strings merge with their own kind; use the strategy `overwrite`",
    )


def _are_strings(*nodes: Node) -> bool:
    return all(isinstance(node, Scalar) and isinstance(node.value, str) for node in nodes)


def _is_null(node: Node) -> bool:
    return isinstance(node, Scalar) and node.value is None
