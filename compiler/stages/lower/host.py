"""All parts of a host's services put together. What is the same on several hosts is lowered once.

Parts are shared between hosts by identity (compiler/stages/resolve/service.py), so everything made of one is
kept under it; a host then costs little more than the look-ups.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple, TypeVar

from compiler.diagnostics import CompileError, Problem, Report
from compiler.model.config import ConfigFile, Port
from compiler.model.container import Container
from compiler.model.host import LoweredHost
from compiler.model.inputs import ImagePins
from compiler.model.service import HostData, HostSettings, Part
from compiler.node import plain
from compiler.node.by_identity import ByIdentity
from compiler.source import Span
from compiler.stages.lower import contributions, exposure, host_prep, images, order, refusals
from compiler.stages.lower.config import config_file, kolla_file
from compiler.stages.lower.conflicts import conflicts
from compiler.stages.lower.container import Definition, definition, ports
from compiler.stages.lower.host_prep import PlacedPrep
from compiler.stages.lower.overrides import Overrides

T = TypeVar("T")
IGNORED = frozenset(("service_name",))


def lower(
    hosts: Iterable[HostData], pins: ImagePins, own_images: frozenset[str], report: Report
) -> Iterator[LoweredHost]:
    """Every host, fully specified; one with mistakes is left out, and the mistakes are reported.

    `pins`: those of images.lock.yaml; `own_images`: the names of heatsink's own. When all hosts are lowered
    without a mistake, overrides and contributions that no file took and images without a digest are reported
    too.
    """
    lowering = _Lowering(pins, own_images, report)
    fleet_services: frozenset[str] = frozenset()
    for data in hosts:
        fleet_services = data.fleet_services
        yield from report.attempt(partial(lowering.host, data))
    lowering.overrides.report_untranslated(report)
    if not report.errors:
        lowering.overrides.check(fleet_services, report)
        images.check_pins(lowering.images, pins, report)


class _Parts(NamedTuple):
    """What the parts of one host hold, by kind."""

    definitions: tuple[Definition, ...]
    config_files: tuple[ConfigFile, ...]
    preps: tuple[PlacedPrep, ...]
    ports: tuple[Port, ...]


@dataclass(slots=True)
class _Lowering:
    """Lowers hosts one by one."""

    pins: ImagePins
    own_images: frozenset[str]
    report: Report
    overrides: Overrides = field(default_factory=Overrides)
    images: dict[str, Span] = field(default_factory=dict)  # of all containers, and where they are named
    _definitions: ByIdentity[Definition] = field(default_factory=ByIdentity)
    _config_files: ByIdentity[ConfigFile] = field(default_factory=ByIdentity)
    _kolla_files: ByIdentity[ConfigFile] = field(default_factory=ByIdentity)
    _preps: ByIdentity[PlacedPrep] = field(default_factory=ByIdentity)
    _containers: dict[tuple[tuple[Definition, ...], tuple[str, ...]], tuple[Container, ...]] = field(
        default_factory=dict
    )
    _conflicts: dict[tuple[object, ...], tuple[Problem, ...]] = field(default_factory=dict)

    def host(self, data: HostData) -> LoweredHost:
        """The host, fully specified. Raises CompileError for what cannot work on one host."""
        self.overrides.add(data)
        parts = self._parts(data)
        present = tuple(
            definition
            for definition in parts.definitions
            if not definition.bootstrap or definition.container.service in data.bootstraps
        )
        paths = tuple(sorted(file.path for file in parts.config_files))
        self._check(data, parts, present, paths)
        if (present, paths) not in self._containers:
            self._containers[present, paths] = order.containers(present, paths)
            self._note_images(present)
        return LoweredHost(
            name=data.host.name,
            role=data.host.role,
            backend=data.settings.backend,
            connection=data.host.connection,
            addresses=tuple(address for _, address in data.host.networks),
            containers=self._containers[present, paths],
            config_files=tuple(sorted(parts.config_files, key=lambda file: file.path)),
            prep=host_prep.merged(parts.preps),
            ports=(*parts.ports, *(port for each in present for port in each.ports)),
        )

    def _note_images(self, definitions: Iterable[Definition]) -> None:
        for present in definitions:
            if image := present.container.image:
                self.images.setdefault(image, present.value_span("image"))

    def _parts(self, data: HostData) -> _Parts:
        definitions: list[Definition] = []
        files: list[ConfigFile] = []
        preps: list[PlacedPrep] = []
        taken: list[Port] = []
        mistakes = Report()
        for service, parts in data.services:
            with mistakes.collecting():
                taken.extend(contributions.for_ports(data.contributions.get(service, ())))
            for part in parts:
                with mistakes.collecting():
                    match part.path[0]:
                        case "docker_config" | "container_config":
                            definitions.append(self._definition(part, data.settings))
                        case "config_data":
                            files.append(self._config_file(part, data.settings))
                        case "kolla_config":
                            files.append(self._kolla_file(part))
                        case "host_prep":
                            preps.append(self._prep(part))
                        case "host_ports":
                            exposure.refuse_in_service(part)
                            taken.extend(ports(part.node, service))
                        case other if other not in IGNORED:
                            self._not_translated(other, part)
        mistakes.check()
        return _Parts(tuple(definitions), tuple(files), tuple(preps), tuple(taken))

    def _definition(self, part: Part, settings: HostSettings) -> Definition:
        def made() -> Definition:
            exposure.refuse_in_container(part)
            exposure.refuse_forged(part)
            lowered = definition(
                part,
                lambda image: images.reference(images.full_name(image, settings), self.pins.digests),
                settings.alias_prefix,
            )
            refusals.check(lowered)
            misspelt = images.misspelt(lowered, settings, self.own_images)
            for problem in (*refusals.without_effect(lowered), *misspelt):
                self.report.suspect(problem.message, problem.span, problem.hint)
            return lowered

        names = (settings.image_prefix, settings.image_tag, settings.alias_prefix)
        return _once(self._definitions, part, made, names)

    def _config_file(self, part: Part, settings: HostSettings) -> ConfigFile:
        contributed = self.overrides.contributed(part)
        override = self.overrides.of(part, settings.overrides)

        def made() -> ConfigFile:
            exposure.refuse_in_mode(part)
            return config_file(part, contributed, override)

        return _once(self._config_files, part, made, override)

    def _kolla_file(self, part: Part) -> ConfigFile:
        return _once(self._kolla_files, part, lambda: kolla_file(part))

    def _prep(self, part: Part) -> PlacedPrep:
        def made() -> PlacedPrep:
            exposure.refuse_in_service(part)
            return PlacedPrep(host_prep.host_prep(part), part.place)

        return _once(self._preps, part, made)

    def _not_translated(self, key: str, part: Part) -> None:
        if plain(part.node) in (None, "", [], {}):
            return
        self.report.suspect(
            f"`{key}` of service `{part.service}` is not translated",
            part.place,
            "use `config_data` and `host_prep` instead (`heatsink schema role_data` describes both)",
        )

    def _check(
        self, data: HostData, parts: _Parts, present: tuple[Definition, ...], paths: tuple[str, ...]
    ) -> None:
        provided = (data.settings.host_paths, data.settings.host_networks)
        key = (parts.definitions, present, paths, parts.preps, parts.ports, provided)
        if key not in self._conflicts:
            self._conflicts[key] = conflicts(
                host=data.host.name,
                definitions=parts.definitions,
                present=present,
                files=parts.config_files,
                preps=tuple(placed.prep for placed in parts.preps),
                ports=parts.ports,
                host_paths=data.settings.host_paths,
                host_networks=data.settings.host_networks,
            )
        if self._conflicts[key]:
            raise CompileError.of(self._conflicts[key])


def _once(made: ByIdentity[T], part: Part, make: Callable[[], T], beside: Hashable = None) -> T:
    """What is made of a part, kept for the other hosts that hold the part."""
    return made.once(part, make, beside) if part.shared else make()
