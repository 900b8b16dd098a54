"""manifest.json: every file, link and unit of one host, and the hashes that decide about restarts."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field

from compiler.host import manifest
from compiler.model.artifact import File, Link, Unit
from compiler.model.config import Port
from compiler.model.host import EmittedHost
from compiler.node.by_identity import ByIdentity


@dataclass(slots=True)
class Manifests:
    """Writes manifests; what several hosts share is written as JSON once."""

    project: str = ""
    _texts: ByIdentity[str] = field(default_factory=ByIdentity)

    def manifest(self, emitted: EmittedHost) -> bytes:
        """The manifest of a host as JSON, always the same bytes for the same artifacts."""
        host, artifacts = emitted.host, emitted.artifacts
        files = {file.path: file for file in artifacts.files}
        secrets = {secret for file in artifacts.files for secret in file.secrets}
        images = {image for unit in artifacts.units for image in unit.images}
        volumes = {volume for unit in artifacts.units for volume in unit.volumes}
        fields = {
            "backend": json.dumps(host.backend),
            "engine": json.dumps(host.backend.engine),
            "files": _list(self._file(files[path]) for path in sorted(files)),
            "format": str(manifest.FORMAT),
            "host": json.dumps(host.name),
            "images": json.dumps(sorted(images)),
            **({"kernel_modules": json.dumps(host.kernel_modules)} if host.kernel_modules else {}),
            "links": _list(self._link(link) for link in sorted(artifacts.links, key=lambda link: link.path)),
            **({"listeners": _list(sorted(map(_listener, host.ports)))} if host.ports else {}),
            **({"project": json.dumps(self.project)} if self.project else {}),
            "role": json.dumps(host.role),
            "secrets": json.dumps(sorted(secrets)),
            "units": _list(self._unit(unit, files) for unit in sorted(artifacts.units, key=_start)),
            "volumes": json.dumps(sorted(volumes)),
        }
        return ("{" + ",\n".join(f'"{key}": {value}' for key, value in fields.items()) + "}\n").encode()

    def _file(self, file: File) -> str:
        return self._texts.once(file, lambda: _file(file)) if file.shared else _file(file)

    def _link(self, link: Link) -> str:
        return self._texts.once(link, lambda: _json(manifest.Link(path=link.path, target=link.target)))

    def _unit(self, unit: Unit, files: dict[str, File]) -> str:
        read = [files[path] for path in unit.files]
        return _json(
            manifest.Unit(
                name=unit.name,
                kind=unit.kind,
                step=unit.step,
                hash=self._hash(unit, read),
                service=unit.service,
                container=unit.container,
                alias=unit.alias,
                stamp=unit.stamp,
                health=unit.health,
                files=unit.files,
                images=unit.images,
                secrets=sorted({secret for file in read for secret in file.secrets}),
            )
        )

    def _hash(self, unit: Unit, read: list[File]) -> str:
        """A digest that changes exactly when the unit must restart."""
        digest = hashlib.sha256()
        for file in read:
            digest.update(f"{file.path}\0{file.meaning}\0".encode())
        digest.update("\0".join(unit.images).encode())
        return digest.hexdigest()


def _file(file: File) -> str:
    return _json(
        manifest.File(
            path=file.path,
            mode=f"{file.mode:04o}",
            owner=file.owner,
            sha256=file.sha256,
            size=len(file.content),
            sensitive=file.sensitive,
            takes_over=file.takes_over,
        )
    )


def _listener(port: Port) -> str:
    return _json(
        manifest.Listener(
            port=port.number, protocol=port.protocol, address=port.address or "", owner=port.owner
        )
    )


_Entry = manifest.Listener | manifest.File | manifest.Link | manifest.Unit


def _json(entry: _Entry) -> str:
    """An entry as JSON, its keys in alphabetical order, without those that say nothing."""
    return json.dumps(
        {key: value for key, value in sorted(entry._asdict().items()) if not _is_left_out(key, value)}
    )


def _is_left_out(key: str, value: object) -> bool:
    return value is None or (key == "takes_over" and not value)


def _start(unit: Unit) -> tuple[int, int, str]:
    return (unit.step, unit.order, unit.name)


def _list(items: Iterable[str]) -> str:
    return "[" + ",\n ".join(items) + "]"
