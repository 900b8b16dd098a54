"""The hosts file: machines, one an entry or many by a range (`compute[0-99]`)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

from compiler import files, schemas
from compiler.diagnostics import CompileError, Problem, Report
from compiler.model.container import Backend
from compiler.model.fleet import Connection
from compiler.model.inputs import Host
from compiler.node import Mapping, Node, Scalar, Sequence, expect_mapping, scalar_of

_LIKE_IP = re.compile(r"[\d.]+|[\dA-Fa-f:.]*:.*")
_RANGE = re.compile(r"\[(\d+)-(\d+)\]")
MOST_HOSTS = 100_000


class HostsFile(NamedTuple):
    """The content of a hosts file."""

    project: str  # "" if it does not name one
    hosts: tuple[Host, ...]


def hosts_file(path: Path, mistakes: Report) -> HostsFile:
    """A hosts file, its hosts in its order; entries with mistakes are reported and left out.

    Two hosts of one name or address are a mistake too. Raises CompileError if the file is not a hosts file.
    """
    root = files.mapping(path, "a hosts file")
    schemas.check(root, "hosts")
    return HostsFile(_text(root.entries, "project") or "", _hosts(root, mistakes))


def _hosts(root: Mapping, mistakes: Report) -> tuple[Host, ...]:
    defaults = root.entries.get("defaults")
    default_entries = defaults.entries if isinstance(defaults, Mapping) else {}
    entries = root.entries["hosts"]
    assert isinstance(entries, Sequence)
    indices: Counter[str] = Counter()
    every_host, fields_of = [], []
    for entry in entries.items:
        with mistakes.collecting():
            for fields in _fields(default_entries, entry):
                _refuse_invalid_addresses(fields)
                role = _text(fields, "role")
                assert role is not None
                every_host.append(_host(fields, role, indices[role]))
                fields_of.append(fields)
                indices[role] += 1
    with mistakes.collecting():
        _refuse_doubles(fields_of)
    return tuple(every_host)


def _fields(defaults: dict[str, Node], entry: Node) -> list[dict[str, Node]]:
    """The fields of every host that an entry stands for."""
    fields = defaults | expect_mapping(entry, "a host").entries
    if _text(fields, "role") is None:
        raise CompileError(f"host `{_text(fields, 'name')}` has no role", entry.span, "add `role: …`")
    return list(_expanded(fields))


def _refuse_invalid_addresses(fields: dict[str, Node]) -> None:
    networks = fields.get("networks")
    for node in (
        fields.get("address"),
        *(networks.entries.values() if isinstance(networks, Mapping) else ()),
    ):
        if isinstance(node, Scalar) and not _is_address(str(node.value)):
            raise CompileError(
                f"`{node.value}` is not a valid address", node.span, "write an IP address or a host name"
            )


def _is_address(text: str) -> bool:
    """Whether the text is an IP address if it looks like one; else a name, without a network or a user."""
    if not _LIKE_IP.fullmatch(text):
        return not (text.startswith("-") or re.search(r"[\s/@]", text))
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _refuse_doubles(fields_of: list[dict[str, Node]]) -> None:
    doubles = tuple(_doubles(fields_of, "name")) or (
        *_doubles(fields_of, "address"),
        *_network_doubles(fields_of),
    )
    if doubles:
        raise CompileError.of(doubles)


def localhost(role: str, place: Node) -> Host:
    """This machine, the only host if there is no hosts file."""
    return Host(name="localhost", role=role, index=0, address="127.0.0.1", node=place)


def _host(fields: dict[str, Node], role: str, index: int) -> Host:
    backend, port, parameters = _text(fields, "backend"), _text(fields, "port"), fields.get("parameters")
    networks = fields.get("networks")
    address = _text(fields, "address")
    name = _text(fields, "name")
    assert name is not None
    return Host(
        name=name,
        role=role,
        index=index,
        address=address or name,
        networks=_networks(networks) if isinstance(networks, Mapping) else (),
        backend=Backend(backend) if backend else None,
        connection=Connection(
            address=address or name,
            port=int(port) if port else None,
            user=_text(fields, "user"),
            identity_file=_text(fields, "identity_file"),
        ),
        parameters=dict(parameters.entries) if isinstance(parameters, Mapping) else {},
        node=fields["role"],
    )


def _networks(node: Mapping) -> tuple[tuple[str, str], ...]:
    return tuple(
        sorted((name, str(value.value)) for name, value in node.entries.items() if isinstance(value, Scalar))
    )


def _text(fields: dict[str, Node], key: str) -> str | None:
    node = fields.get(key)
    return str(node.value) if isinstance(node, Scalar) and node.value is not None else None


def _expanded(fields: dict[str, Node]) -> Iterator[dict[str, Node]]:
    """The entry once for each number of its name's range, with every other range advancing in step."""
    name = fields["name"]
    ranges = _RANGE.findall(str(name.value)) if isinstance(name, Scalar) else []
    if not ranges:
        yield fields
        return
    if len(ranges) > 1:
        raise CompileError("a name can have only one range", name.span)
    count = _length(*ranges[0])
    if not 0 < count <= MOST_HOSTS:
        raise CompileError("the range is empty or too long", name.span, "write it as `[first-last]`")
    for offset in range(count):
        yield {key: _shifted(node, offset, count) for key, node in fields.items()}


def _length(first: str, last: str) -> int:
    """How many numbers a range has; none if they are too long to be of use."""
    return int(last) - int(first) + 1 if max(len(first), len(last)) < 10 else 0


def _shifted(node: Node, offset: int, count: int) -> Node:
    if isinstance(node, Mapping):
        shifted = {key: _shifted(value, offset, count) for key, value in node.entries.items()}
        return Mapping(shifted, node.keys, node._source, node._start, node._end)
    if not isinstance(node, Scalar) or not isinstance(node.value, str):
        return node

    def number(match: re.Match[str]) -> str:
        first, last = match.groups()
        if _length(first, last) != count:
            raise CompileError(
                f"this range has {_length(first, last)} numbers, but the name's range has {count}",
                node.span,
            )
        return str(int(first) + offset).zfill(len(first) if first.startswith("0") else 0)

    return scalar_of(_RANGE.sub(number, node.value), node) if "[" in node.value else node


def _doubles(hosts: list[dict[str, Node]], key: str, where: str = "") -> Iterator[Problem]:
    """Values that two hosts share; a host without an address is reached by its name."""
    seen: dict[str, Node] = {}
    for fields in hosts:
        node = fields.get(key, fields["name"])
        value = str(node.value) if isinstance(node, Scalar) else ""
        if value in seen:
            hint = f"the first one is in line {seen[value].span.line}"
            yield Problem(f"two hosts have the {key} `{value}`{where}", node.span, hint)
        seen.setdefault(value, node)


def _network_doubles(hosts: list[dict[str, Node]]) -> Iterator[Problem]:
    networks = [node.entries for fields in hosts if isinstance(node := fields.get("networks"), Mapping)]
    for name in sorted({name for entries in networks for name in entries}):
        having = [{"name": entries[name]} for entries in networks if name in entries]
        yield from _doubles(having, "address", f" on `{name}`")
