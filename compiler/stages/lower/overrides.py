"""`ConfigOverrides`: the file that each entry belongs to, and entries without a file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from compiler.diagnostics import CompileError, Report, closest
from compiler.model.service import HostData, Part
from compiler.node import Mapping, Node, expect_mapping


@dataclass(slots=True)
class Overrides:
    """The overrides of all hosts, and the files that could have taken one."""

    _written: dict[Mapping, None] = field(default_factory=dict)  # every ConfigOverrides, in order
    _services: set[str] = field(default_factory=set)  # that some host runs
    _files: set[tuple[str, str]] = field(default_factory=set)  # service and path

    def add(self, data: HostData) -> None:
        """Record a host's overrides and services."""
        if isinstance(data.settings.overrides, Mapping):
            self._written[data.settings.overrides] = None
        self._services.update(service for service, _ in data.services)

    def of(self, part: Part, overrides: Node | None) -> Node | None:
        """The override for a part of `config_data`."""
        path = _key(part.path[-1])
        self._files.add((part.service, path))
        files = overrides.entries.get(part.service) if isinstance(overrides, Mapping) else None
        entries = files.entries if isinstance(files, Mapping) else {}
        return next((node for name, node in entries.items() if _key(name) == path), None)

    def check(self, fleet_services: frozenset[str], report: Report) -> None:
        """Report every entry for a service or a file that does not exist."""
        for written in self._written:
            for service in written.entries:
                with report.collecting():
                    self._check(service, written, fleet_services)

    def _check(self, service: str, written: Mapping, fleet_services: Iterable[str]) -> None:
        if service not in fleet_services:
            raise CompileError(
                f"ConfigOverrides name a service `{service}` that no role has",
                written.key_span(service),
                closest(service, fleet_services),
            )
        if service not in self._services:
            return
        known = [path for name, path in self._files if name == service]
        files = expect_mapping(written.entries[service], f"ConfigOverrides of `{service}`")
        for path in files.entries:
            if _key(path) not in known:
                raise CompileError(
                    f"service `{service}` has no config file `{path}`",
                    files.key_span(path),
                    closest(path, known),
                )


def _key(path: str) -> str:
    """A path of config_data as ConfigOverrides name it: with or without a leading slash."""
    return path.lstrip("/")
