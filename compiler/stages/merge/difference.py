"""Where the two ways of merging differ."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Mapping as AbstractMapping
from dataclasses import dataclass
from functools import reduce
from types import MappingProxyType

from compiler.diagnostics import CompileError
from compiler.model.inputs import Environment, Merge, Registry
from compiler.node import Mapping, Node, from_plain, plain
from compiler.source import Span
from compiler.stages.merge import client, server

_NULL = from_plain(None, "<nothing>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A parameter, or a resource's entry of the registry, that depends on how environments are merged."""

    name: str
    places: tuple[Span, ...]  # what was merged, in the order of the files
    dropped: tuple[str, ...] = ()  # keys of earlier mappings that the server's value has not

    def message(self, how: Merge) -> str:
        """The warning for an operator who merges in that way."""
        if how is Merge.SERVER and self.dropped:
            return self._dropped()
        other = Merge.CLIENT if how is Merge.SERVER else Merge.SERVER
        places = " and ".join(place.place for place in self.places) or "no place"
        return (
            f"`--merge {how}` and `--merge {other}` give different values for `{self.name}`, "
            f"set at {places}; the value of `{how}` is used: choose with `--merge`"
        )

    def _dropped(self) -> str:
        *before, last = (place.place for place in self.places)
        return (
            f"`{self.name}` at {last} replaces that at {' and '.join(before)} and drops its "
            f"{', '.join(f'`{key}`' for key in self.dropped)}: to keep both, set the strategy `merge` for "
            f"`{self.name}` in `parameter_merge_strategies` of each file, or use `--merge client`"
        )


def differences(
    environments: Sequence[Environment],
    declared: AbstractMapping[str, str] | None = None,
    command_line: AbstractMapping[str, Node] = MappingProxyType({}),
) -> tuple[Difference, ...]:
    """Everything that `merge` makes of the environments in one way and not in the other, sorted by name.

    A value that one of the ways refuses counts as well; undeclared parameters are ignored.
    """
    layers = [Environment(parameters=dict(command_line)), *environments]
    written = Counter(
        name for each in layers for name in each.parameters.keys() | each.parameter_defaults.keys()
    )
    names = sorted(name for name, files in written.items() if files > 1)
    parameters = (
        Difference(name=name, places=_places(layers, name), dropped=_dropped(layers, name))
        for name in names
        if (declared is None or name in declared) and _differs(name, environments, declared, command_line)
    )
    return (*parameters, *_resources(environments))


def _dropped(layers: Sequence[Environment], name: str) -> tuple[str, ...]:
    """Keys that the last mapping does not repeat; none if a value is anything else, or if they are merged."""
    values = [section[name] for section in _sections(layers) if name in section]
    if any(name in layer.strategies for layer in layers) or not all(
        isinstance(value, Mapping) for value in values
    ):
        return ()
    *before, last = (frozenset(value.entries) for value in values if isinstance(value, Mapping))
    return tuple(sorted(frozenset().union(*before) - last))


def _differs(
    name: str,
    environments: Iterable[Environment],
    declared: AbstractMapping[str, str] | None,
    command_line: AbstractMapping[str, Node],
) -> bool:
    alone = [_alone(name, each) for each in environments]
    first = _entry(name, command_line)
    by_server = _spelled(name, lambda: server.merged(alone, declared, first))
    return by_server != _spelled(name, lambda: client.merged(alone, first))


def _alone(name: str, environment: Environment) -> Environment:
    return Environment(
        parameters=_entry(name, environment.parameters),
        parameter_defaults=_entry(name, environment.parameter_defaults),
        strategies=environment.strategies,
    )


def _entry(name: str, section: AbstractMapping[str, Node]) -> dict[str, Node]:
    """One entry of a section; null for the others, as the first section that has any counts."""
    others = {f"not {name}": _NULL} if section.keys() - {name} else {}
    return ({name: section[name]} if name in section else {}) | others


def _spelled(name: str, merged: Callable[[], Environment]) -> tuple[str, ...]:
    """The parameter's values as JSON, where null counts as no value; empty if they do not merge."""
    try:
        one = merged()
    except CompileError:
        return ()
    values = (section.get(name, _NULL) for section in (one.parameters, one.parameter_defaults))
    return tuple(json.dumps(plain(each), sort_keys=True) for each in values)


def _places(layers: Iterable[Environment], name: str) -> tuple[Span, ...]:
    return tuple(section[name].span for section in _sections(layers) if name in section)


def _sections(layers: Iterable[Environment]) -> Iterator[dict[str, Node]]:
    return (section for layer in layers for section in (layer.parameters, layer.parameter_defaults))


def _resources(environments: Sequence[Environment]) -> Iterator[Difference]:
    """Single resources of the registry: at the server the last file that names any replaces all others."""
    layers = [registry.resource_registry for registry in environments]
    by_server = reduce(server.registry, layers, Registry()).resources or {}
    by_client = reduce(client.registry, layers, Registry()).resources or {}
    for name in sorted(by_client):
        if by_server.get(name) != by_client[name]:
            nodes = (node for registry in layers for node in _nodes((registry.resources or {}).get(name)))
            yield Difference(name=name, places=tuple(node.span for node in nodes))


def _nodes(registry: Registry | None) -> Iterator[Node]:
    if registry is not None:
        yield from (each.node for each in registry.types.values())
        for below in (registry.resources or {}).values():
            yield from _nodes(below)
