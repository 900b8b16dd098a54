"""`service_config_settings`: what services set for the hosts of another service, in its files and its ports.

    haproxy:
      etc/haproxy/haproxy.cfg: {frontends: {api: {service: api, port: 8000, backend_port: 18000}}}
      host_ports: [8000]

Other keys are TripleO's hieradata.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial, reduce
from typing import NamedTuple

from compiler.diagnostics import Report
from compiler.model.config import Port
from compiler.model.service import CONTRIBUTIONS, Part, names_file
from compiler.node import Mapping, Node, mapping_of, plain
from compiler.node.hidden import quoted
from compiler.source import Span
from compiler.stages.lower import exposure
from compiler.stages.lower.container import ports

_PORTS = "host_ports"


def path_key(path: str) -> str:
    """A path of `config_data` as others name it: with or without a leading slash."""
    return path.lstrip("/")


def for_files(contributions: Iterable[Part]) -> Iterator[Part]:
    """Those for files."""
    return (part for part in contributions if names_file(part.path[-1]))


def for_ports(contributions: Iterable[Part]) -> Iterator[Port]:
    """The ports that a service listens on for others. Raises CompileError if one holds a secret."""
    for part in contributions:
        if part.path[-1] == _PORTS:
            exposure.refuse_in_service(part)
            yield from (replace(port, client=part.service) for port in ports(part.node, part.path[1]))


def report_untranslated(contributions: Iterable[Part], report: Report) -> None:
    """Report keys that are neither: one of each service."""
    foreign = (part for part in contributions if not names_file(part.path[-1]) and part.path[-1] != _PORTS)
    first: dict[str, Part] = {}
    for part in foreign:
        if plain(part.node) not in (None, "", [], {}):
            first.setdefault(part.service, part)
    for part in first.values():
        report.suspect(
            f"`{part.path[-1]}` in `{CONTRIBUTIONS}` of service `{part.service}` is not translated",
            part.place,
            "name a file of the other service by its path in `config_data`, with a `/` in it",
        )


def merged(contributions: Iterable[Part]) -> Node:
    """Those for one file as one, key by key at any depth. Raises CompileError with every difference."""
    mistakes = Report()
    first, *others = (_Setting(f"`{part.path[-1]}`", part.node, part.place) for part in contributions)
    whole = reduce(partial(_joined, mistakes), others, first)
    mistakes.check()
    return whole.node


class _Setting(NamedTuple):
    name: str  # for messages
    node: Node
    place: Span  # of its key


def _joined(mistakes: Report, below: _Setting, above: _Setting) -> _Setting:
    if isinstance(below.node, Mapping) and isinstance(above.node, Mapping):
        entries = dict(below.node.entries)
        for key, value in above.node.entries.items():
            if key in entries:
                entries[key] = _joined(mistakes, _entry(below.node, key), _entry(above.node, key)).node
            else:
                entries[key] = value
        keys = below.node.keys | above.node.keys
        return above._replace(node=mapping_of(entries, above.node, keys))
    if repr(plain(below.node)) != repr(plain(above.node)):  # `1` is not `true`
        hint = f"set it in one of them, or to the same value; the other is at {below.place.place}"
        mistakes.error(f"two services set {above.name} of another service differently", above.place, hint)
    return below


def _entry(mapping: Mapping, key: str) -> _Setting:
    return _Setting(quoted(key, mapping.key_node(key)), mapping.entries[key], mapping.key_span(key))
