"""Merging as python-heatclient does it before it sends one environment to Heat."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping as AbstractMapping
from dataclasses import replace
from functools import reduce

from compiler.diagnostics import CompileError
from compiler.model.inputs import Environment, Registry
from compiler.node import Mapping, Node, is_null, mapping_of


def merged(environments: Iterable[Environment], command_line: AbstractMapping[str, Node]) -> Environment:
    """All environments as one: mappings key by key at any depth, everything else replaced."""
    one = reduce(_overlaid, environments, Environment())
    return replace(one, parameters=one.parameters | dict(command_line))


def _overlaid(below: Environment, above: Environment) -> Environment:
    return Environment(
        parameters=updated(below.parameters, above.parameters),
        parameter_defaults=updated(below.parameter_defaults, above.parameter_defaults),
        resource_registry=registry(below.resource_registry, above.resource_registry),
        strategies=below.strategies | above.strategies,
        unused=below.unused | above.unused,
    )


def updated(below: AbstractMapping[str, Node], above: AbstractMapping[str, Node]) -> dict[str, Node]:
    """The entries of `below` with those of `above` in them; null over a mapping is ignored."""
    entries = dict(below)
    for key, value in above.items():
        before = entries.get(key)
        if isinstance(value, Mapping):
            entries[key] = value if before is None or is_null(before) else _within(key, before, value)
        elif not (isinstance(before, Mapping) and is_null(value)):
            entries[key] = value
    return entries


def _within(key: str, below: Node, above: Mapping) -> Node:
    if isinstance(below, Mapping):
        return mapping_of(updated(below.entries, above.entries), above, below.keys | above.keys)
    if not above.entries:  # heatclient goes through its entries, and so does nothing
        return below
    raise CompileError(
        f"`{key}` cannot be merged: it is {below.kind} at {below.span.place} and a mapping here",
        above.span,
        "heatclient merges a mapping with a mapping only",
    )


def registry(below: Registry, above: Registry) -> Registry:
    """Names of types one by one, of every resource by itself."""
    types = below.types | above.types
    if above.resources is None or below.resources is None:
        return Registry(
            types=types, resources=below.resources if above.resources is None else above.resources
        )
    single = {
        name: registry(below.resources[name], each) if name in below.resources else each
        for name, each in above.resources.items()
    }
    return Registry(types=types, resources=below.resources | single)
