"""Everything of one host as text. What hosts share is written once: inputs are kept by identity."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from collections.abc import Mapping as AbstractMapping
from dataclasses import dataclass, field, replace
from functools import partial

from compiler.diagnostics import Report
from compiler.model.artifact import Artifacts, File
from compiler.model.config import ConfigFile
from compiler.model.container import Backend, Container
from compiler.model.host import EmittedHost, LoweredHost
from compiler.model.host_prep import HostPrep
from compiler.node.by_identity import ByIdentity
from compiler.stages.emit import config, host_prep, targets
from compiler.stages.emit import stamp as stamps
from compiler.stages.emit.backends import check, container_artifacts, extra_artifacts


def emit(hosts: Iterable[LoweredHost], names: File, report: Report) -> Iterator[EmittedHost]:
    """Every host with the text of all that is on it; one with mistakes is left out, and they are reported.

    `names` is the block of the fleet's names that every host gets.
    """
    emitter = _Emitter(names)
    for host in hosts:
        for artifacts in report.attempt(partial(emitter.artifacts, host)):
            yield EmittedHost(host=host, artifacts=artifacts)


@dataclass(slots=True)
class _Emitter:
    """Writes hosts one by one."""

    names: File
    _files: ByIdentity[File] = field(default_factory=ByIdentity)
    _units: ByIdentity[Artifacts] = field(default_factory=ByIdentity)
    _frames: ByIdentity[Artifacts] = field(default_factory=ByIdentity)
    _preps: dict[HostPrep, tuple[File, ...]] = field(default_factory=dict)

    def artifacts(self, host: LoweredHost) -> Artifacts:
        """All files, links and units of a host."""
        files = self._config_files(host)
        contents = {file.path: file for file in files}
        parts = self._containers(host, contents)
        frame = self._frames.once(host.containers, lambda: targets.targets(host.containers))
        return Artifacts(
            files=(
                *files,
                *self._prep(host.prep),
                self.names,
                *frame.files,
                *(f for each in parts for f in each.files),
            ),
            links=(*frame.links, *(link for each in parts for link in each.links)),
            units=(*frame.units, *(unit for each in parts for unit in each.units)),
        )

    def _config_files(self, host: LoweredHost) -> tuple[File, ...]:
        files, mistakes = [], Report()
        for each in host.config_files:
            with mistakes.collecting():
                files.append(self._config_file(each))
        mistakes.check()
        return tuple(files)

    def _config_file(self, file: ConfigFile) -> File:
        if not file.shared:
            return config.config_file(file)
        return self._files.once(file, lambda: config.config_file(file))

    def _containers(self, host: LoweredHost, files: AbstractMapping[str, File]) -> list[Artifacts]:
        artifacts, mistakes = [], Report()
        for container in host.containers:
            with mistakes.collecting():
                artifacts.append(self._container(container, host.backend, files))
        mistakes.check()
        return [*artifacts, extra_artifacts(host.containers, host.backend)]

    def _container(
        self, container: Container, backend: Backend, files: AbstractMapping[str, File]
    ) -> Artifacts:
        stamp = stamps.stamp(container, files) if container.runs_once else None

        def made() -> Artifacts:
            check(container, backend)
            return container_artifacts(replace(container, stamp=stamp), backend)

        return self._units.once(container, made, (backend, stamp))

    def _prep(self, prep: HostPrep) -> tuple[File, ...]:
        if prep not in self._preps:
            self._preps[prep] = host_prep.host_prep(prep)
        return self._preps[prep]
