"""manifest.json: every file, link and unit of one host, and what decides whether a unit must restart."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from compiler.model.artifact import Artifacts, File, Link, Unit
from compiler.model.container import Backend

FORMAT = 1


@dataclass(slots=True)
class Manifests:
    """Spells manifests; what several hosts share is spelled once."""

    _spelled: dict[int, str] = field(default_factory=dict)
    _meanings: dict[int, str] = field(default_factory=dict)
    _keep: list[object] = field(default_factory=list)  # whose identity is a key above

    def manifest(self, name: str, role: str, backend: Backend, artifacts: Artifacts) -> bytes:
        """The manifest of a host as JSON, always the same bytes for the same artifacts."""
        files = {file.path: file for file in artifacts.files}
        secrets = {secret for file in artifacts.files for secret in file.secrets}
        images = {image for unit in artifacts.units for image in unit.images}
        volumes = {volume for unit in artifacts.units for volume in unit.volumes}
        fields = {
            "backend": json.dumps(backend),
            "files": _list(self._file(files[path]) for path in sorted(files)),
            "format": str(FORMAT),
            "host": json.dumps(name),
            "images": json.dumps(sorted(images)),
            "links": _list(self._link(link) for link in sorted(artifacts.links, key=lambda link: link.path)),
            "role": json.dumps(role),
            "secrets": json.dumps(sorted(secrets)),
            "units": _list(self._unit(unit, files) for unit in sorted(artifacts.units, key=_start)),
            "volumes": json.dumps(sorted(volumes)),
        }
        return ("{" + ",\n".join(f'"{key}": {value}' for key, value in fields.items()) + "}\n").encode()

    def _file(self, file: File) -> str:
        def fields() -> dict[str, object]:
            return {
                "mode": f"{file.mode:04o}",
                "owner": file.owner,
                "path": file.path,
                "sensitive": file.sensitive,
                "sha256": file.sha256,
                "size": len(file.content),
            }

        return self._once(file, fields) if file.shared else json.dumps(fields())

    def _link(self, link: Link) -> str:
        return self._once(link, lambda: {"path": link.path, "target": link.target})

    def _once(self, value: File | Link, fields: Callable[[], dict[str, object]]) -> str:
        if id(value) not in self._spelled:
            self._spelled[id(value)] = json.dumps(fields())
            self._keep.append(value)
        return self._spelled[id(value)]

    def _unit(self, unit: Unit, files: dict[str, File]) -> str:
        read = [files[path] for path in unit.files]
        fields = {
            "alias": unit.alias,
            "container": unit.container,
            "files": list(unit.files),
            "hash": self._hash(unit, read),
            "health": unit.health,
            "images": list(unit.images),
            "kind": unit.kind,
            "name": unit.name,
            "order": unit.order,
            "restart": unit.restart,
            "secrets": sorted({secret for file in read for secret in file.secrets}),
            "service": unit.service,
            "stamp": unit.stamp,
            "step": unit.step,
        }
        return json.dumps({name: value for name, value in fields.items() if value is not None})

    def _hash(self, unit: Unit, read: list[File]) -> str:
        """Changes exactly when the unit must restart."""
        digest = hashlib.sha256()
        for file in read:
            digest.update(f"{file.path}\0{self._meaning(file)}\0".encode())
        digest.update("\0".join(unit.images).encode())
        return digest.hexdigest()

    def _meaning(self, file: File) -> str:
        if b"\nX-Source=" not in file.content:
            return file.sha256
        if id(file) not in self._meanings:
            self._meanings[id(file)] = _meaning(file.content)
            self._keep.append(file)
        return self._meanings[id(file)]


def _meaning(content: bytes) -> str:
    """A digest of what a unit does: where a line of it came from may change without a restart."""
    lines = (line for line in content.split(b"\n") if not line.startswith(b"X-Source="))
    return hashlib.sha256(b"\n".join(lines)).hexdigest()


def _start(unit: Unit) -> tuple[int, int, str]:
    return (unit.step, unit.order, unit.name)


def _list(items: Iterable[str]) -> str:
    return "[" + ",\n ".join(items) + "]"
