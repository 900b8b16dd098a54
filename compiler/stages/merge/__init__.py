"""The second stage: merges environment files into one environment.

Two ways, as in TripleO: `server` is Heat's own (a parameter is replaced as a whole unless its merge strategy
differs), `client` is what python-heatclient does (mappings merge key by key at any depth, null over a mapping
is ignored).

server   Heat's way                            client      the client's way
join     two values of a parameter as one      difference  where the two ways differ
overlaid  heatsink's own parameters
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping as AbstractMapping
from types import MappingProxyType

from compiler.model.inputs import Environment, Merge
from compiler.node import Node
from compiler.stages.merge import client, server
from compiler.stages.merge.difference import Difference, differences
from compiler.stages.merge.overlaid import overlaid

__all__ = ["Difference", "differences", "merge", "overlaid"]

_NONE: AbstractMapping[str, Node] = MappingProxyType({})


def merge(
    environments: Iterable[Environment],
    how: Merge = Merge.SERVER,
    *,
    declared: AbstractMapping[str, str] | None = None,
    command_line: AbstractMapping[str, Node] = _NONE,
) -> Environment:
    """All environments as one; where two set the same key, the later wins or joins the earlier.

    `declared`: the type (`json`, `string`, …) of every parameter that any known template declares; the server
    joins values by it, and leaves out later values of all other names. Without it every name is known, values
    are joined by what they are, and null does not count.
    `command_line`: parameters of the command line. At the client they win over the `parameters` of all files;
    at the server they come first, so that those of files win.

    Raises CompileError where Heat would not merge: values of kinds that do not join, a parameter with two
    strategies.
    """
    if how is Merge.CLIENT:
        return client.merged(environments, command_line)
    return server.merged(environments, declared, command_line)
