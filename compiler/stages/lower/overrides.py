"""`ConfigOverrides` and contributions of other services: the file that each belongs to, and those without."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping as AbstractMapping
from dataclasses import dataclass, field
from itertools import chain

from compiler.diagnostics import CompileError, Report, closest
from compiler.model.service import HostData, Part
from compiler.node import Mapping, Node, expect_mapping
from compiler.stages.lower import contributions
from compiler.stages.lower.contributions import for_files, path_key


@dataclass(slots=True)
class Overrides:
    """The overrides of all hosts, the contributions, and the files that could have taken one."""

    _written: dict[Mapping, None] = field(default_factory=dict)  # every ConfigOverrides, in order
    _services: set[str] = field(default_factory=set)  # that some host runs
    _files: set[tuple[str, str]] = field(default_factory=set)  # service and path
    _contributions: AbstractMapping[str, tuple[Part, ...]] = field(default_factory=dict)  # of the fleet

    def add(self, data: HostData) -> None:
        """Record a host's overrides and services, and the contributions, which all hosts share."""
        self._contributions = data.contributions
        if isinstance(data.settings.overrides, Mapping):
            self._written[data.settings.overrides] = None
        self._services.update(service for service, _ in data.services)

    def contributed(self, part: Part) -> tuple[Part, ...]:
        """What other services set in the file of a part of `config_data`."""
        contributions = self._contributions.get(part.service, ())
        return tuple(
            each for each in for_files(contributions) if path_key(each.path[-1]) == path_key(part.path[-1])
        )

    def of(self, part: Part, overrides: Node | None) -> Node | None:
        """The override for a part of `config_data`."""
        path = path_key(part.path[-1])
        self._files.add((part.service, path))
        files = overrides.entries.get(part.service) if isinstance(overrides, Mapping) else None
        entries = files.entries if isinstance(files, Mapping) else {}
        return next((node for name, node in entries.items() if path_key(name) == path), None)

    def report_untranslated(self, report: Report) -> None:
        """Report contributions that are neither for a file nor for ports."""
        contributions.report_untranslated(chain(*self._contributions.values()), report)

    def check(self, fleet_services: frozenset[str], report: Report) -> None:
        """Report every entry for a service or a file that does not exist."""
        for written in self._written:
            for service in written.entries:
                with report.collecting():
                    self._check(service, written, fleet_services)
        for service in sorted(self._services & self._contributions.keys()):
            self._check_contributions(service, report)

    def _check(self, service: str, written: Mapping, fleet_services: Iterable[str]) -> None:
        if service not in fleet_services:
            raise CompileError(
                f"ConfigOverrides name a service `{service}` that no role has",
                written.key_span(service),
                closest(service, fleet_services),
            )
        if service not in self._services:
            return
        known = self._paths(service)
        files = expect_mapping(written.entries[service], f"ConfigOverrides of `{service}`")
        for path in files.entries:
            if path_key(path) not in known:
                raise CompileError(
                    f"service `{service}` has no config file `{path}`",
                    files.key_span(path),
                    closest(path, known),
                )

    def _check_contributions(self, service: str, report: Report) -> None:
        known = self._paths(service)
        for part in for_files(self._contributions[service]):
            if path_key(part.path[-1]) not in known:
                message = f"service `{service}` has no config file `{part.path[-1]}`"
                report.error(message, part.place, closest(part.path[-1], known))

    def _paths(self, service: str) -> list[str]:
        return [path for name, path in self._files if name == service]
