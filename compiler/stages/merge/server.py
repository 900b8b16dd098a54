"""Merging as Heat itself does it, of files that a client sends as they are.

The rules: https://docs.openstack.org/heat/latest/template_guide/environment.html#environment-merging;
where they leave something open, Heat's code decides.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping as AbstractMapping
from functools import partial, reduce
from typing import TypeAlias

from compiler.diagnostics import CompileError
from compiler.hot.environment import ALL_STRATEGIES, DEEP_MERGE, DEFAULT_STRATEGY, MERGE, OVERWRITE
from compiler.model.inputs import Environment, Registry
from compiler.node import Mapping, Node, is_null
from compiler.stages.merge.join import joined, type_by_value

Types: TypeAlias = AbstractMapping[str, str]
Parameters: TypeAlias = AbstractMapping[str, Node]


def merged(
    environments: Iterable[Environment], declared: Types | None, command_line: AbstractMapping[str, Node]
) -> Environment:
    """All environments as one, parameter by parameter."""
    return reduce(partial(_overlaid, declared), environments, Environment(parameters=dict(command_line)))


def _overlaid(declared: Types | None, below: Environment, above: Environment) -> Environment:
    strategies = {name: each for name, each in below.strategies.items() if name != DEFAULT_STRATEGY}
    for section in (above.parameters, above.parameter_defaults):
        for name, value in _counting(section, declared).items():
            strategy = _strategy(name, above.strategies, strategies)
            if declared is not None or strategies.get(name) != OVERWRITE:
                _refuse_another(name, value, strategies.get(name, strategy), strategy)
            strategies[name] = strategy
    over = partial(_section, strategies, declared)
    return Environment(
        parameters=over(below.parameters, above.parameters),
        parameter_defaults=over(below.parameter_defaults, above.parameter_defaults),
        resource_registry=registry(below.resource_registry, above.resource_registry),
        strategies=strategies,
        unused=_unused(below.unused, above.unused),
    )


def _counting(section: Parameters, declared: Types | None) -> dict[str, Node]:
    """Values that are not ignored: those of declared parameters."""
    return {
        name: value
        for name, value in section.items()
        if not is_null(value) and (declared is None or name in declared)
    }


def _strategy(name: str, own: AbstractMapping[str, str], settled: AbstractMapping[str, str]) -> str:
    """A file's strategy for a parameter, else that of earlier files, else the file's default."""
    default = own.get(DEFAULT_STRATEGY, OVERWRITE)
    strategy = own.get(name, settled.get(name, default))
    return strategy if strategy in ALL_STRATEGIES else default


def _refuse_another(name: str, value: Node, before: str, strategy: str) -> None:
    if strategy != before:
        raise CompileError(
            f"`{name}` has two merge strategies, `{before}` and `{strategy}`",
            value.span,
            "use one strategy in all environments",
        )


def _section(
    strategies: AbstractMapping[str, str], declared: Types | None, below: Parameters, above: Parameters
) -> dict[str, Node]:
    """One section over that of earlier files. The first one is taken as it is."""
    counting = _counting(above, declared)
    if not below:
        return counting if declared is None else dict(above)
    entries = dict(below)
    for name, value in counting.items():
        kind = type_by_value(below.get(name), value) if declared is None else declared[name]
        strategy = strategies[name]
        is_joined = strategy in (MERGE, DEEP_MERGE)
        entries[name] = (
            joined(name, kind, below.get(name), value, deep=strategy == DEEP_MERGE) if is_joined else value
        )
    return entries


def registry(below: Registry, above: Registry) -> Registry:
    """Names of types one by one; entries for single resources all together."""
    return Registry(
        types=below.types | above.types,
        resources=below.resources if above.resources is None else above.resources,
    )


def _unused(below: Parameters, above: Parameters) -> dict[str, Node]:
    """Any other section, which Heat merges as a mapping, and refuses where two files have a list."""
    for name in below.keys() & above.keys():
        if not (isinstance(below[name], Mapping) and isinstance(above[name], Mapping)):
            raise CompileError(
                f"`{name}` is set in two environments, also at {below[name].span.place}",
                above[name].span,
                "Heat does not merge it: set it in one of them",
            )
    return dict(below) | dict(above)
