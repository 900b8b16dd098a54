"""Everything of one host, spelled. What hosts share is spelled once: inputs are kept by identity."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping as AbstractMapping
from dataclasses import dataclass, field, replace

from compiler.diagnostics import Report
from compiler.host.layout import STAMPS
from compiler.model.artifact import Artifacts, File
from compiler.model.config import ConfigFile
from compiler.model.container import Backend, Container, Kind
from compiler.model.host import LoweredHost
from compiler.model.host_prep import HostPrep
from compiler.stages.emit import common, config, docker, host_prep, targets
from compiler.stages.emit.container import container_artifacts


@dataclass(slots=True)
class Emitter:
    """Spells hosts one by one; `names` is the block of the fleet's names that every host gets."""

    names: File
    _files: dict[ConfigFile, File] = field(default_factory=dict)
    _containers: dict[tuple[int, Backend, str | None], Artifacts] = field(default_factory=dict)
    _frames: dict[tuple[tuple[int, ...], Backend], Artifacts] = field(default_factory=dict)
    _preps: dict[HostPrep, tuple[File, ...]] = field(default_factory=dict)
    _keep: list[object] = field(default_factory=list)

    def host(self, host: LoweredHost) -> Artifacts:
        """All files, links and units of a host."""
        files = self._config_files(host)
        contents = {file.path: file for file in files}
        made = [self._container(each, host.backend, contents) for each in host.containers]
        if host.backend is Backend.DOCKER and any(each.healthcheck for each in host.containers):
            made.append(docker.health_unit())
        frame = self._frame(host)
        return Artifacts(
            files=(
                *files,
                *self._prep(host.prep),
                self.names,
                *frame.files,
                *(f for each in made for f in each.files),
            ),
            links=(*frame.links, *(link for each in made for link in each.links)),
            units=(*frame.units, *(unit for each in made for unit in each.units)),
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
        if file not in self._files:
            self._files[file] = config.config_file(file)
        return self._files[file]

    def _container(
        self, container: Container, backend: Backend, files: AbstractMapping[str, File]
    ) -> Artifacts:
        stamp = None if container.kind is Kind.SERVICE else _stamp(container, files)
        key = (id(container), backend, stamp)
        if key not in self._containers:
            self._containers[key] = container_artifacts(replace(container, stamp=stamp), backend)
            self._keep.append(container)
        return self._containers[key]

    def _frame(self, host: LoweredHost) -> Artifacts:
        """Targets of steps and families."""
        key = (tuple(map(id, host.containers)), host.backend)
        if key not in self._frames:
            families: dict[str, list[Container]] = {}
            for container in host.containers:
                if family := common.family(container):
                    families.setdefault(family, []).append(container)
            self._frames[key] = targets.targets(
                {family: tuple(each.name for each in members) for family, members in sorted(families.items())}
            )
            self._keep.append(host.containers)
        return self._frames[key]

    def _prep(self, prep: HostPrep) -> tuple[File, ...]:
        if prep not in self._preps:
            self._preps[prep] = host_prep.host_prep(prep)
        return self._preps[prep]


def _stamp(container: Container, files: AbstractMapping[str, File]) -> str:
    """A run-once container's stamp carries the hash of what it runs: the container and the files it reads."""
    meaning = replace(container, sources=(), after=(), requires=(), stamp=None)
    digest = hashlib.sha256(repr(meaning).encode())
    for path in container.files:
        digest.update(f"{path}\0{files[path].sha256}\0".encode())
    return f"{STAMPS}/{container.name}.{digest.hexdigest()[:12]}"
