"""Writing a hosts file: one line for each host."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from compiler.diagnostics import HeatsinkError


@dataclass(frozen=True, slots=True, kw_only=True)
class HostEntry:
    """One host of a hosts file."""

    name: str
    role: str
    address: str
    backend: str | None = None


def hosts_file(
    schema: str, defaults: Mapping[str, str], hosts: Iterable[HostEntry], *, project: str = ""
) -> str:
    """The text of a hosts file; `schema` is where editors find its JSON Schema."""
    return "\n".join(_lines(schema, project, defaults, hosts)) + "\n"


def role_counts(written: Iterable[str]) -> dict[str, int | None]:
    """The roles of `--role Controller=1 --role Compute`, in order, with their counts if they have one."""
    counts: dict[str, int | None] = {}
    for text in written:
        match = re.fullmatch(r"([A-Za-z0-9_-]+)(?:=([1-9]\d{0,4}))?", text)
        if not match or match[1] in counts:
            raise HeatsinkError(
                f"`--role {text}` is not valid", hint="name each role once, as `Controller=1`"
            )
        counts[match[1]] = int(match[2]) if match[2] else None
    return counts


def _lines(
    schema: str, project: str, defaults: Mapping[str, str], hosts: Iterable[HostEntry]
) -> Iterator[str]:
    yield f"# yaml-language-server: $schema={schema}"
    if project:
        yield f"project: {_scalar(project)}"
    yield f"defaults: {{{', '.join(f'{key}: {_scalar(value)}' for key, value in defaults.items())}}}"
    yield "hosts:"
    yield from (f"  - {{{', '.join(_fields(host))}}}" for host in hosts)


def _fields(host: HostEntry) -> Iterator[str]:
    yield f"name: {_scalar(host.name)}"
    yield f"role: {_scalar(host.role)}"
    yield f"address: {json.dumps(host.address) if ':' in host.address else host.address}"
    if host.backend:
        yield f"backend: {host.backend}"


def _scalar(text: str) -> str:
    """A string in YAML: plain if no reader can take it for anything else, else quoted as in JSON."""
    is_plain = re.fullmatch(r"[A-Za-z/][A-Za-z0-9/._-]*", text) and text.lower() not in _OTHER_VALUES
    return text if is_plain else json.dumps(text)


_OTHER_VALUES = frozenset(("false", "n", "no", "null", "off", "on", "true", "y", "yes"))  # of YAML 1.1
