"""Which images are pushed."""

from __future__ import annotations

import hashlib
from pathlib import Path

from compiler.images.dockerfile import Naming
from compiler.images.engines.protocol import EngineImage
from compiler.images.push import ImageRegistry, push
from tests.support.build_engine import ScriptedEngine

WEB = "localhost/heatsink/web:1"
STATUS = b"Package: web\nStatus: install ok installed\nArchitecture: all\nVersion: 2.0\n"


def test_an_image_with_other_packages_than_the_lock_is_not_pushed(tmp_path: Path) -> None:
    identity = hashlib.sha256(str(tmp_path).encode()).hexdigest()  # what was read of images is kept by this
    engine = ScriptedEngine(
        images={WEB: EngineImage(id=f"sha256:{identity}", size=1, created="", labels={})},
        files_of={WEB: {"/var/lib/dpkg/status": STATUS}},
    )
    registry = ImageRegistry(address="registry.example:4000")
    pins = {"web": {"web": "1.0"}}
    (outcome,) = push(engine, ["web"], Naming(tag="1"), registry, jobs=1, pins=pins)
    assert (outcome.digest, outcome.reason) == (
        "",
        "package `web` is 2.0, and the lock has 1.0\nhint: build it again with `heatsink images build`",
    )
