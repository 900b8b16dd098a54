"""Hosts as bundles in memory: what `tree` writes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from compiler.model.artifact import File
from compiler.model.fleet import FleetHost
from compiler.model.host import EmittedHost
from compiler.stages.bundle.manifest import Manifests


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledBundle:
    """Everything of one host that goes to disk."""

    host: FleetHost
    files: tuple[File, ...]
    manifest: bytes

    @property
    def places(self) -> bytes:
        """places.json: for each file where it is written, by which a plan explains what changes.

        It is no part of what is pushed: a line that moves in a template changes nothing on a host.
        """
        files = sorted((file for file in self.files if file.places), key=lambda file: file.path)
        lines = (f"{json.dumps(file.path)}: {json.dumps(file.places)}" for file in files)
        return ("{" + ",\n ".join(lines) + "}\n").encode()

    @property
    def mode(self) -> int:
        """The mode of manifest.json in the build folder: a digest of a short secret can be guessed."""
        return 0o600 if any(file.is_private for file in self.files) else 0o644


def bundle(hosts: Iterable[EmittedHost], project: str = "") -> Iterator[CompiledBundle]:
    """A bundle for every host of a project."""
    manifests = Manifests(project)
    for emitted in hosts:
        host = emitted.host
        manifest = manifests.manifest(emitted)
        member = FleetHost(
            name=host.name,
            role=host.role,
            backend=host.backend,
            connection=host.connection,
            manifest=hashlib.sha256(manifest).hexdigest(),
            addresses=host.addresses,
        )
        yield CompiledBundle(host=member, files=emitted.artifacts.files, manifest=manifest)
