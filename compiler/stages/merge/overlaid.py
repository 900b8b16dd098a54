"""Parameters of heatsink's own, which environments overlay key by key, whichever way the rest is merged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from compiler.hot.environment import DEFAULT_STRATEGY
from compiler.model.inputs import Environment
from compiler.node import Node
from compiler.node.overlay import overlay


def overlaid(environments: tuple[Environment, ...], name: str) -> tuple[Environment, ...]:
    """Environments in which a value of the parameter contains those of the files before it.

    The values stay as they are if an environment has a merge strategy for the parameter, or for all.
    """
    if any(environment.strategies.keys() & {name, DEFAULT_STRATEGY} for environment in environments):
        return environments
    parameters = _sums(name, [environment.parameters for environment in environments])
    defaults = _sums(name, [environment.parameter_defaults for environment in environments])
    return tuple(
        replace(environment, parameters=own, parameter_defaults=default)
        for environment, own, default in zip(environments, parameters, defaults, strict=True)
    )


def _sums(name: str, sections: Iterable[dict[str, Node]]) -> Iterator[dict[str, Node]]:
    """The sections, the parameter's value in each laid over those before it."""
    total: Node | None = None
    for section in sections:
        if name in section:
            total = section[name] if total is None else overlay(total, section[name])
            yield {**section, name: total}
        else:
            yield section
