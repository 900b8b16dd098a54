"""Small images, and files of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from compiler.images.layout import MANIFEST, LayoutImage, layout
from tests.support.loopback_registry import digest


@dataclass(frozen=True)
class SmallImage:
    """An image of one layer; its blobs are bytes."""

    reference: str
    layer: bytes = b"layer"

    @property
    def blobs(self) -> Mapping[str, bytes]:
        """Its configuration and its layer, by digest."""
        return {digest(content): content for content in (b"{}", self.layer)}

    @property
    def image(self) -> LayoutImage:
        """The same, as it is written."""
        parts = [{"digest": name, "size": len(content)} for name, content in self.blobs.items()]
        manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": parts[0], "layers": parts[1:]}
        return LayoutImage(reference=self.reference, manifest=json.dumps(manifest).encode())


def write_layout(path: Path, *images: SmallImage) -> Path:
    """A file of images."""
    blobs = {name: content for image in images for name, content in image.blobs.items()}
    path.write_bytes(b"".join(layout([one.image for one in images], lambda blob: (blobs[blob.digest],))))
    return path
