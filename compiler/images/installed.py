"""The packages of images, read from the engine once for each image: `~/.cache/heatsink/packages`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from compiler.files.writing import replace_file
from compiler.images.engines.protocol import BuildEngine
from compiler.images.sbom import STATUS, packages


@dataclass(frozen=True, slots=True)
class InstalledPackages:
    """Reads packages, or takes what it has read before: a file for each reference, with the image's id."""

    engine: BuildEngine
    folder: Path

    def versions(self, reference: str) -> Mapping[str, str]:
        """Package → version of an image; none if the engine does not have it. Raises HeatsinkError."""
        image = self.engine.image(reference)
        if image is None:
            return {}
        path = self.folder / f"{hashlib.sha256(reference.encode()).hexdigest()}.json"
        kept = _kept(path, image.id)
        if kept is not None:
            return kept
        status = self.engine.files(reference, (STATUS,)).get(STATUS, b"")
        versions = {package.name: package.version for package in packages(status)}
        with suppress(OSError):  # of a disk that is full: it is read again next time
            replace_file(path, json.dumps({"image": image.id, "packages": versions}).encode(), 0o644)
        return versions


def _kept(path: Path, image_id: str) -> Mapping[str, str] | None:
    try:
        content = json.loads(path.read_bytes())
        if content["image"] != image_id:
            return None
        return {str(name): str(version) for name, version in content["packages"].items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
