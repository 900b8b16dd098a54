"""A host in a folder with an engine that has images and volumes, and a registry to pull from."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from compiler.model.artifact import Artifacts
from tests.support.bundles import service
from tests.support.host_folder import HostFolder

PROGRAM = Path(__file__).with_name("stand_in_engine.py")


@dataclass(frozen=True)
class Engine:
    """The stand-in podman of a host."""

    host: HostFolder

    @property
    def path(self) -> Path:
        return self.host.folder / "bin/engine.json"

    def read(self) -> dict[str, Any]:
        state: dict[str, Any] = json.loads(self.path.read_text())
        return state

    def has(self, **changed: object) -> None:
        """Let it have these images, volumes, …"""
        self.path.write_text(json.dumps({**self.read(), **changed}))

    def images(self) -> dict[str, list[str]]:
        """Id → names."""
        images: dict[str, list[str]] = self.read()["images"]
        return images

    def volumes(self) -> list[str]:
        return sorted(self.read()["volumes"])

    def offers(self, registry: Mapping[str, str]) -> None:
        """Let its registry have these images, name → id, and no others."""
        self.has(registry=registry)


def engine_of(host: HostFolder) -> Engine:
    """Install the stand-in on a host, with nothing in it."""
    engine = Engine(host)
    state = {"images": {}, "registry": {}, "volumes": {}, "used": [], "renames": "", "driver": "[]"}
    engine.path.write_text(json.dumps(state))
    host.installs("podman", f'exec {sys.executable} -IS {PROGRAM} "${{0%/*}}/engine.json" "$@"')
    return engine


def with_volumes(name: str, *volumes: str) -> Artifacts:
    """A service with named volumes."""
    made = service(name)
    return replace(made, units=tuple(replace(unit, volumes=volumes) for unit in made.units))
