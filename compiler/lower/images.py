"""Names of images to references that say exactly which image."""

from __future__ import annotations

from collections.abc import Mapping as AbstractMapping

from compiler.diagnostics import Report
from compiler.model.service import Settings
from compiler.source import Span


def reference(
    image: str, settings: Settings, digests: AbstractMapping[str, str], place: Span, report: Report
) -> str:
    """The image by its digest if the lock knows one. A bare name is completed with prefix and tag.

    `memcached` -> `registry/namespace/memcached:tag` -> `registry/namespace/memcached@sha256:…`
    """
    full = image if "/" in image or "@" in image else f"{settings.image_prefix}/{_tagged(image, settings)}"
    if "@" in full:
        return full
    digest = digests.get(full)
    if digest is None:
        report.warn(
            f"image `{full}` is not in the images lock: its tag may come to mean another image",
            place,
            "`heatsink images push` writes images.lock.yaml",
        )
        return full
    return f"{full.rpartition(':')[0]}@{digest}"


def _tagged(image: str, settings: Settings) -> str:
    return image if ":" in image else f"{image}:{settings.image_tag}"
