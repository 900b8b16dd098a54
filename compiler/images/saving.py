"""Images from registries, by the digests of a lock, into one file.

The engine that built an image cannot write such a file: it keeps layers unpacked, so the manifest that it
makes of them is another one than what the registry serves.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from compiler.diagnostics import HeatsinkError, Problem, Report
from compiler.files.writing import replacing
from compiler.images.blobs import Repository
from compiler.images.layout import Blob, LayoutImage, checked_manifest, layout, repository
from compiler.images.registry import RegistryClient
from compiler.images.selection import ImageSet, image_name

_PIN = "pin it with `heatsink images push` or `heatsink images lock`"


def references_of(images: ImageSet, digests: Mapping[str, str]) -> list[str]:
    """What hosts refer to; of images that no host refers to, every reference of the lock.

    Raises HeatsinkError for images of which the lock has none.
    """
    named = images.names - set(map(image_name, images.deployed))
    locked = [reference for reference in digests if image_name(reference) in named]
    unknown = sorted(named - set(map(image_name, locked)))
    if unknown:
        raise HeatsinkError.of(
            Problem(f"no digest is locked for an image `{name}`", None, _PIN) for name in unknown
        )
    return sorted({*images.deployed, *images.foreign, *locked})


def pinned(references: Iterable[str], digests: Mapping[str, str]) -> dict[str, str]:
    """References to references with digests. Raises HeatsinkError for tags that are not locked."""
    by_digest = {name: name.partition("@")[2] or digests.get(name, "") for name in references}
    unknown = [name for name, digest in by_digest.items() if not digest]
    if unknown:
        raise HeatsinkError.of(Problem(f"no digest is locked for `{name}`", None, _PIN) for name in unknown)
    return {name: f"{repository(name)}@{digest}" for name, digest in by_digest.items()}


def save(client: RegistryClient, references: Mapping[str, str], path: Path) -> Sequence[LayoutImage]:
    """Write images, reference → reference with a digest, into a file, which is replaced as a whole.

    Raises HeatsinkError, with what is wrong with each image; the file then stays as it was.
    """
    images = _images(client, references)
    origins = {blob.digest: references[image.reference] for image in images for blob in image.blobs}

    def content(blob: Blob) -> Iterator[bytes]:
        with client.asking(origins[blob.digest]) as question:
            yield from Repository(question).fetch(blob)

    with replacing(path) as file:
        file.writelines(layout(images, content))
    return images


def _images(client: RegistryClient, references: Mapping[str, str]) -> Sequence[LayoutImage]:
    mistakes = Report()
    images = []
    for reference, by_digest in references.items():
        with mistakes.collecting():
            images.append(LayoutImage(reference=reference, manifest=_manifest(client, by_digest)))
    mistakes.check()
    return images


def _manifest(client: RegistryClient, reference: str) -> bytes:
    raw = client.manifest(reference).raw
    try:
        return checked_manifest(raw)
    except HeatsinkError as error:
        raise HeatsinkError(f"`{reference}` cannot be saved: {error}", hint=error.problems[0].hint) from None
