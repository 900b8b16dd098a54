"""Names of images to exact references."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping as AbstractMapping

from compiler.diagnostics import Report
from compiler.model.service import HostSettings


def full_name(image: str, settings: HostSettings) -> str:
    """A bare name completed with prefix and tag: `memcached` -> `registry/namespace/memcached:tag`."""
    if "/" in image or "@" in image:
        return image
    return f"{settings.image_prefix}/{image}" + ("" if ":" in image else f":{settings.image_tag}")


def reference(image: str, digests: AbstractMapping[str, str]) -> str:
    """The full name with the digest that the lock has for it, else as it is."""
    digest = None if "@" in image else digests.get(image)
    return image if digest is None else f"{image.rpartition(':')[0]}@{digest}"


def warn_of_tags(images: Iterable[str], report: Report) -> None:
    """One warning for all images that are named by a tag alone."""
    tagged = sorted({image for image in images if "@" not in image})
    if tagged:
        names = ", ".join(tagged)
        report.warn(
            f"image tags are mutable: no digest is pinned for {names}",
            hint="`heatsink images push` pins the images that it pushes, in images.lock.yaml",
        )
