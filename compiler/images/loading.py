"""Images of a file into a registry, with the digests that they had."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from compiler.diagnostics import HeatsinkError
from compiler.images.blobs import Repository
from compiler.images.layout import LayoutImage
from compiler.images.layout_file import LayoutFile
from compiler.images.reference import image_reference
from compiler.images.registry import RegistryClient


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadOutcome:
    """One image in a registry: its reference there, its digest, and how many blobs were sent."""

    reference: str
    digest: str
    sent: int


def load(client: RegistryClient, file: LayoutFile, address: str) -> Iterator[LoadOutcome]:
    """Send images to a registry, `host[:port]`, each under the name that it had in its own.

    Only what the registry lacks is sent. Raises HeatsinkError.
    """
    for image in file.images:
        reference = image_reference(image.reference)
        target = f"{address}/{reference.name}{'@' if reference.digest else ':'}{reference.version}"
        with client.asking(target) as question:
            sent = _send(Repository(question), file, image, reference.version)
        if client.manifest(f"{address}/{reference.name}@{image.digest}").raw != image.manifest:
            raise HeatsinkError(f"`{target}` is not served with the digest {image.digest}")
        yield LoadOutcome(reference=target, digest=image.digest, sent=sent)


def _send(repository: Repository, file: LayoutFile, image: LayoutImage, version: str) -> int:
    missing = [blob for blob in image.blobs if not repository.has(blob)]
    for blob in missing:
        repository.store(blob, file.content)
    repository.store_manifest(version, image)
    return len(missing)
