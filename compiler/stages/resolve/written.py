"""Values of parameters wherever an operator writes them, those that others override too."""

from __future__ import annotations

from collections.abc import Iterator

from compiler.model.inputs import Inputs
from compiler.node import Mapping, Node


def written(inputs: Inputs) -> Iterator[tuple[str, Node]]:
    """Every parameter that an environment, a role or a host sets, with its value."""
    for environment in inputs.environments:
        for section in (environment.parameters, environment.parameter_defaults):
            yield from section.items()
            for node in (section.get(f"{role}Parameters") for role in inputs.roles):
                yield from node.entries.items() if isinstance(node, Mapping) else ()
    for role in inputs.roles.values():
        yield from role.parameters.items()
    for host in inputs.hosts:
        yield from host.parameters.items()
