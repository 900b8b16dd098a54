"""An OCI image layout in a tar file: images with the digests by which registries serve them.

    oci-layout                  {"imageLayoutVersion": "1.0.0"}
    index.json                  a descriptor for each image, with its reference as `…image.ref.name`
    blobs/sha256/<64 digits>    manifests, configurations and layers

https://github.com/opencontainers/image-spec/blob/main/image-layout.md
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from tarfile import BLOCKSIZE, GNU_FORMAT, NUL, TarInfo
from typing import Any

from compiler.diagnostics import HeatsinkError

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
MANIFESTS = frozenset((MANIFEST, "application/vnd.docker.distribution.manifest.v2+json"))
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
REFERENCE = "org.opencontainers.image.ref.name"
LARGEST_JSON = 4 << 20
VERSION_FILE, INDEX_FILE = "oci-layout", "index.json"
VERSION = b'{"imageLayoutVersion":"1.0.0"}'


@dataclass(frozen=True, slots=True, kw_only=True)
class Blob:
    """Content by its digest."""

    digest: str
    size: int

    @property
    def path(self) -> str:
        """Its path in a layout."""
        return f"blobs/sha256/{self.digest.removeprefix('sha256:')}"


@dataclass(frozen=True, slots=True, kw_only=True)
class LayoutImage:
    """An image of a layout: the reference that it is locked by, and its manifest."""

    reference: str
    manifest: bytes

    @property
    def digest(self) -> str:
        """The digest by which it is pulled."""
        return f"sha256:{hashlib.sha256(self.manifest).hexdigest()}"

    @property
    def pinned(self) -> str:
        """The reference that units have: by digest, without a tag."""
        return f"{repository(self.reference)}@{self.digest}"

    @property
    def media_type(self) -> str:
        """The type of its manifest."""
        return str(json.loads(self.manifest).get("mediaType", MANIFEST))

    @property
    def blobs(self) -> tuple[Blob, ...]:
        """Its configuration and its layers."""
        content = json.loads(self.manifest)
        parts = (content["config"], *content["layers"])
        return tuple(
            {part["digest"]: Blob(digest=part["digest"], size=part["size"]) for part in parts}.values()
        )


def repository(reference: str) -> str:
    """A reference without its tag and its digest."""
    name = reference.partition("@")[0]
    head, slash, last = name.rpartition("/")
    return f"{head}{slash}{last.partition(':')[0]}"


def checked_manifest(content: bytes) -> bytes:
    """The manifest of one image. Raises HeatsinkError if it is not one; an index of images is none."""
    try:
        manifest = json.loads(content)
    except (ValueError, RecursionError):
        raise HeatsinkError("its manifest is not JSON") from None
    if isinstance(manifest, dict) and "manifests" in manifest:
        hint = "use the image of one platform, by its digest"
        raise HeatsinkError(
            "it is an index of images for several platforms, which is not supported", hint=hint
        )
    if not (
        isinstance(manifest, dict)
        and manifest.get("mediaType", MANIFEST) in MANIFESTS
        and _has_blobs(manifest)
    ):
        raise HeatsinkError("its manifest is not that of an image")
    return content


def _has_blobs(manifest: Mapping[str, Any]) -> bool:
    layers = manifest.get("layers")
    return isinstance(layers, list) and all(map(_is_blob, (manifest.get("config"), *layers)))


def _is_blob(part: object) -> bool:
    if not isinstance(part, dict):
        return False
    size = part.get("size")
    return bool(DIGEST.fullmatch(str(part.get("digest")))) and isinstance(size, int) and size >= 0


def blobs_of(images: Iterable[LayoutImage]) -> list[Blob]:
    """Everything that images consist of, each once, by digest."""
    images = tuple(images)
    manifests = (Blob(digest=image.digest, size=len(image.manifest)) for image in images)
    parts = (blob for image in images for blob in image.blobs)
    return [blob for _, blob in sorted({blob.digest: blob for blob in (*parts, *manifests)}.items())]


@dataclass(frozen=True, slots=True, kw_only=True)
class LayoutPart:
    """A part of a layout; what has the same key is the same in every layout."""

    key: str
    size: int
    content: Callable[[], Iterable[bytes]]


def layout_parts(
    images: Sequence[LayoutImage], content: Callable[[Blob], Iterable[bytes]], name: str = ""
) -> list[LayoutPart]:
    """The parts of a layout: the same bytes for the same images, whoever writes it and when.

    `content` returns what is in a blob, other than a manifest. All images get the reference `name`, if there
    is one, in place of their own.
    """
    manifests = {image.digest: image.manifest for image in images}

    def part(blob: Blob) -> LayoutPart:
        def pieces() -> Iterator[bytes]:
            yield _header(blob.path, blob.size)
            yield from (manifests[blob.digest],) if blob.digest in manifests else content(blob)
            yield NUL * (_padded(blob.size) - blob.size)

        return LayoutPart(key=blob.digest, size=BLOCKSIZE + _padded(blob.size), content=pieces)

    return [_plain(_head(images, name)), *map(part, blobs_of(images)), _plain(_END)]


def layout(images: Sequence[LayoutImage], content: Callable[[Blob], Iterable[bytes]]) -> Iterator[bytes]:
    """A layout, in pieces."""
    return chain.from_iterable(part.content() for part in layout_parts(images, content))


def _plain(text: bytes) -> LayoutPart:
    return LayoutPart(key=hashlib.sha256(text).hexdigest(), size=len(text), content=lambda: (text,))


_END = NUL * BLOCKSIZE * 2


def _head(images: Iterable[LayoutImage], name: str) -> bytes:
    """All but the blobs."""
    index = {"schemaVersion": 2, "manifests": [_descriptor(image, name) for image in images]}
    return b"".join(
        _file(path, content)
        for path, content in (
            (VERSION_FILE, VERSION),
            (INDEX_FILE, json.dumps(index, indent=1).encode()),
        )
    )


def _descriptor(image: LayoutImage, name: str) -> dict[str, object]:
    return {
        "mediaType": image.media_type,
        "digest": image.digest,
        "size": len(image.manifest),
        "annotations": {REFERENCE: name or image.reference},
    }


def _file(path: str, content: bytes) -> bytes:
    return _header(path, len(content)) + content + NUL * (_padded(len(content)) - len(content))


def _header(path: str, size: int) -> bytes:
    entry = TarInfo(path)
    entry.size, entry.mode = size, 0o644
    return entry.tobuf(GNU_FORMAT)  # which has room for sizes of 8 GiB and more


def _padded(size: int) -> int:
    return size + -size % BLOCKSIZE
