"""How much a pull of an image transfers at most, as its registry says."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from compiler.diagnostics import HeatsinkError
from compiler.images.reference import image_reference
from compiler.images.registry import ImageManifest, RegistryClient

_LIMIT = 5.0  # seconds for an image
_AT_A_TIME = 8


def sizes(references: Iterable[str]) -> dict[str, int | None]:
    """Image → the bytes of its layers; None if its registry does not say."""
    images = sorted(set(references))
    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        return dict(zip(images, pool.map(_size, images), strict=True))


def _size(reference: str) -> int | None:
    with suppress(HeatsinkError):
        host = image_reference(reference).host
        # Hosts may have the registry as an insecure one. A login is never sent without TLS.
        for client in (
            RegistryClient(limit=_LIMIT),
            RegistryClient(limit=_LIMIT, insecure=frozenset((host,)), environment={}),
        ):
            with suppress(HeatsinkError):
                return _layers(client, reference, client.manifest(reference))
    return None


def _layers(client: RegistryClient, reference: str, manifest: ImageManifest) -> int:
    """The bytes of the layers; of an index, those of its image for amd64, or of its first one."""
    if manifest.images:
        amd64 = [
            image for image in manifest.images if image.get("platform", {}).get("architecture") == "amd64"
        ]
        digest = (amd64 or manifest.images)[0]["digest"]
        manifest = client.manifest(f"{reference.partition('@')[0]}@{digest}")
    return manifest.layers
