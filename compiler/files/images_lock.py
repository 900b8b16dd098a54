"""`images.lock.yaml`: which digest each image has in its registry, an input of `heatsink compile`.

images:
  registry:4000/heatsink/memcached:0.1.0: sha256:…
"""

from __future__ import annotations

from collections.abc import Mapping as AbstractMapping
from pathlib import Path

from compiler import files, schemas
from compiler.files.writing import replace_file
from compiler.node import Mapping, Node, Scalar

NAME = "images.lock.yaml"
_HEADER = "# written by heatsink images push\n"


def read_lock(path: Path) -> dict[str, str]:
    """Image reference → digest. Raises CompileError if the file is not an images lock."""
    root = files.mapping(path, "an images lock file")
    schemas.check(root, "images_lock")
    images = root.entries.get("images")
    entries: dict[str, Node] = images.entries if isinstance(images, Mapping) else {}
    return {image: str(digest.value) for image, digest in entries.items() if isinstance(digest, Scalar)}


def add_to_lock(path: Path, digests: AbstractMapping[str, str]) -> None:
    """Write digests into the file, beside those that it has of other images, sorted."""
    merged = (read_lock(path) if path.exists() else {}) | dict(digests)
    lines = (f"  {reference}: {merged[reference]}\n" for reference in sorted(merged))
    replace_file(path, f"{_HEADER}images:\n{''.join(lines)}".encode(), 0o644, durable=True)
