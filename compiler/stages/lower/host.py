"""All parts of a host's services put together. What is the same on several hosts is lowered once.

Parts are shared between hosts by identity (compiler/stages/resolve/services.py), so everything made of one is
kept under it; a host then costs little more than the look-ups.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from collections.abc import Mapping as AbstractMapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple, TypeVar

from compiler.diagnostics import CompileError, Problem, Report, closest
from compiler.model.config import ConfigFile, Port
from compiler.model.container import Container
from compiler.model.host import LoweredHost
from compiler.model.service import HostData, Part, Settings
from compiler.node import Mapping, Node, expect_mapping, plain
from compiler.node.by_identity import ByIdentity
from compiler.stages.lower import host_prep, images, refusals
from compiler.stages.lower.config import CONFIG_DATA, config_file, kolla_file, override_key
from compiler.stages.lower.conflicts import conflicts
from compiler.stages.lower.container import Definition, definition, ports
from compiler.stages.lower.host_prep import PlacedPrep

T = TypeVar("T")
IGNORED = frozenset(("service_name",))


class _Lowered(NamedTuple):
    """Everything that the parts of one host say, by what it is."""

    definitions: tuple[Definition, ...]
    config_files: tuple[ConfigFile, ...]
    preps: tuple[PlacedPrep, ...]
    ports: tuple[Port, ...]


@dataclass(slots=True)
class Lowering:
    """Lowers hosts one by one."""

    digests: AbstractMapping[str, str]
    report: Report
    _definitions: ByIdentity[Definition] = field(default_factory=ByIdentity)
    _config_files: ByIdentity[ConfigFile] = field(default_factory=ByIdentity)
    _kolla_files: ByIdentity[ConfigFile] = field(default_factory=ByIdentity)
    _preps: ByIdentity[PlacedPrep] = field(default_factory=ByIdentity)
    _finished: dict[tuple[tuple[Definition, ...], tuple[str, ...]], tuple[Container, ...]] = field(
        default_factory=dict
    )
    _conflicts: dict[tuple[object, ...], tuple[Problem, ...]] = field(default_factory=dict)
    _overridden: set[tuple[str, str]] = field(default_factory=set)
    _overrides: dict[Mapping, None] = field(default_factory=dict)
    _compiled: set[str] = field(default_factory=set)
    _images: set[str] = field(default_factory=set)

    def host(self, data: HostData) -> LoweredHost:
        """The host with nothing left to decide. Raises CompileError for what cannot be on one host."""
        lowered = self._parts(data)
        present = tuple(
            each
            for each in lowered.definitions
            if not each.bootstrap or each.container.service in data.bootstraps
        )
        paths = tuple(sorted(each.path for each in lowered.config_files))
        self._check(data, lowered, present, paths)
        return LoweredHost(
            name=data.host.name,
            role=data.host.role,
            backend=data.settings.backend,
            containers=self._containers(present, paths),
            config_files=tuple(sorted(lowered.config_files, key=lambda each: each.path)),
            prep=host_prep.merged(lowered.preps),
        )

    def _parts(self, data: HostData) -> _Lowered:
        definitions: list[Definition] = []
        files: list[ConfigFile] = []
        preps: list[PlacedPrep] = []
        taken: list[Port] = []
        mistakes = Report()
        if isinstance(data.settings.overrides, Mapping):
            self._overrides[data.settings.overrides] = None
        for service, parts in data.services:
            self._compiled.add(service)
            overrides = _of_service(data.settings.overrides, service)
            for part in parts:
                with mistakes.collecting():
                    match part.path[0]:
                        case "docker_config" | "container_config":
                            definitions.append(self._definition(part, data.settings))
                        case "config_data":
                            files.append(self._config_file(part, overrides))
                        case "kolla_config":
                            files.append(self._kolla_file(part))
                        case "host_prep":
                            preps.append(self._prep(part))
                        case "host_ports":
                            taken.extend(ports(plain(part.node), service, part.node, part.place))
                        case other if other not in IGNORED:
                            self._not_translated(other, part)
        mistakes.check()
        return _Lowered(tuple(definitions), tuple(files), tuple(preps), tuple(taken))

    def _definition(self, part: Part, settings: Settings) -> Definition:
        def made() -> Definition:
            lowered = definition(
                part, lambda image: images.reference(images.full_name(image, settings), self.digests)
            )
            refusals.check(lowered, settings.backend)
            self._images.add(lowered.container.image)
            return lowered

        settled = (settings.image_prefix, settings.image_tag, settings.backend)
        return _once(self._definitions, part, made, settled)

    def _config_file(self, part: Part, overrides: dict[str, Node]) -> ConfigFile:
        name = override_key(part.path[-1])
        override = overrides.get(name)
        self._overridden.add((part.service, name))
        return _once(self._config_files, part, lambda: config_file(part, override), override)

    def _kolla_file(self, part: Part) -> ConfigFile:
        return _once(self._kolla_files, part, lambda: kolla_file(part))

    def _prep(self, part: Part) -> PlacedPrep:
        return _once(self._preps, part, lambda: PlacedPrep(host_prep.host_prep(part), part.place))

    def _not_translated(self, key: str, part: Part) -> None:
        if plain(part.node) in (None, "", [], {}):
            return
        self.report.suspect(
            f"`{key}` of service `{part.service}` is not translated",
            part.place,
            "say it with `config_data` and `host_prep` (docs/formats.md)",
        )

    def _check(
        self, data: HostData, lowered: _Lowered, present: tuple[Definition, ...], paths: tuple[str, ...]
    ) -> None:
        key = (
            lowered.definitions, present, paths, lowered.preps, lowered.ports, data.settings.host_paths
        )  # fmt: skip
        if key not in self._conflicts:
            self._conflicts[key] = conflicts(
                host=data.host.name,
                definitions=lowered.definitions,
                present=present,
                files=lowered.config_files,
                preps=tuple(each.prep for each in lowered.preps),
                ports=lowered.ports,
                host_paths=data.settings.host_paths,
            )
        if self._conflicts[key]:
            raise CompileError.of(self._conflicts[key])

    def _containers(self, present: tuple[Definition, ...], paths: tuple[str, ...]) -> tuple[Container, ...]:
        """The containers of a host, sorted by step, start order and name."""
        key = (present, paths)
        if key not in self._finished:
            orders = _start_orders(present)
            complete = (_complete(each, paths, orders) for each in present)
            self._finished[key] = tuple(
                sorted(complete, key=lambda each: (each.step, each.start_order, each.name))
            )
        return self._finished[key]

    def check_images(self) -> None:
        """Warn of images that the lock does not know."""
        images.warn_of_tags(filter(None, self._images), self.report)

    def check_overrides(self, services: frozenset[str]) -> None:
        """Point out ConfigOverrides that no file took: a service or a path that does not exist."""
        for node in self._overrides:
            for service, files in node.entries.items():
                with self.report.collecting():
                    self._check_override(service, files, node, services)
        self.report.check()

    def _check_override(self, service: str, files: Node, node: Mapping, services: frozenset[str]) -> None:
        if service not in services:
            raise CompileError(
                f"ConfigOverrides name a service `{service}`, which no role has",
                node.key_span(service),
                closest(service, services),
            )
        if service not in self._compiled:
            return
        known = [path for name, path in self._overridden if name == service]
        paths = expect_mapping(files, f"ConfigOverrides of `{service}`")
        for path in paths.entries:
            if override_key(path) not in known:
                raise CompileError(
                    f"service `{service}` has no config file `{path}`",
                    paths.key_span(path),
                    closest(path, known),
                )


def _once(made: ByIdentity[T], part: Part, make: Callable[[], T], beside: Hashable = None) -> T:
    """What is made of a part, kept for the other hosts that hold the part."""
    return made.once(part, make, beside) if part.shared else make()


def _of_service(overrides: Node | None, service: str) -> dict[str, Node]:
    files = overrides.entries.get(service) if isinstance(overrides, Mapping) else None
    return (
        {override_key(path): node for path, node in files.entries.items()}
        if isinstance(files, Mapping)
        else {}
    )


def _start_orders(present: Iterable[Definition]) -> dict[str, tuple[str, ...]]:
    """For each container those of the same step with the next lower start order: it starts after them.

    Containers of one order start together, as TripleO's do.
    """
    steps: dict[int, dict[int, list[str]]] = {}
    for each in present:
        container = each.container
        steps.setdefault(container.step, {}).setdefault(container.start_order, []).append(container.name)
    result: dict[str, tuple[str, ...]] = {}
    for orders in steps.values():
        before: tuple[str, ...] = ()
        for _, names in sorted(orders.items()):
            result.update(dict.fromkeys(names, before))
            before = tuple(sorted(names))
    return result


def _complete(each: Definition, paths: tuple[str, ...], orders: dict[str, tuple[str, ...]]) -> Container:
    """The definition with what only the whole host says: order among its neighbours, files it reads."""
    container = each.container
    sources = tuple(_sources(each))
    return replace(
        container,
        after=tuple(
            dict.fromkeys(
                name for name in (*_named(each, _FOLLOWED), *orders[container.name]) if name in orders
            )
        ),
        requires=tuple(name for name in _named(each, _REQUIRED) if name in orders),
        files=tuple(path for path in paths if any(_covers(source, path) for source in sources)),
    )


# A container whose namespace it joins must be there before it, and it cannot live on without it.
_REQUIRED = frozenset(("requires", "net", "pid", "ipc"))
_FOLLOWED = frozenset(("after", "volumes_from"))


def _named(each: Definition, keys: frozenset[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for key, name in each.references if key in keys))


def _sources(each: Definition) -> Iterator[str]:
    yield from (volume.source for volume in each.container.volumes if volume.is_bind)
    yield from each.container.env_files
    if each.config_volume:
        yield f"{CONFIG_DATA}/{each.config_volume}"


def _covers(source: str, path: str) -> bool:
    """Whether a mount of `source` shows the file `path` to the container."""
    return path == source or path.startswith(source.rstrip("/") + "/")
