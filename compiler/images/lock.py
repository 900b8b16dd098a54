"""`images.lock.yaml`: which digest each image has in its registry, an input of `heatsink compile`."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from compiler.node import expect_mapping, expect_string
from compiler.node.yaml import parse
from compiler.source import Source

LOCK = "images.lock.yaml"
_HEADER = "# written by heatsink images push\n"


def read_lock(path: Path) -> dict[str, str]:
    """Reference → digest, nothing when there is no such file; raises CompileError when it is not a lock file.

    images:
      registry:4000/heatsink/memcached:0.1.0: sha256:…
    """
    if not path.exists():
        return {}
    tree = parse(Source(str(path), path.read_text(encoding="utf-8")))
    images = expect_mapping(tree, "a lock file").entries.get("images") if tree else None
    entries = expect_mapping(images, "`images`").entries if images else {}
    return {reference: expect_string(digest, "a digest") for reference, digest in entries.items()}


def write_lock(path: Path, digests: Mapping[str, str]) -> None:
    """Replace the lock file by one with these digests and those it has of other references, sorted."""
    merged = read_lock(path) | dict(digests)
    lines = (f"  {reference}: {merged[reference]}\n" for reference in sorted(merged))
    descriptor, beside = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(_HEADER + "images:\n" + "".join(lines))
        os.fchmod(file.fileno(), 0o644)
    Path(beside).replace(path)
