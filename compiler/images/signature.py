"""What a signature says: this digest is the image of this name.

{"critical": {
    "type": "atomic container signature",
    "identity": {"docker-reference": "registry.example/site/web:1"},
    "image": {"docker-manifest-digest": "sha256:…"}},
 "optional": {"creator": "heatsink 0.1.0"}}

https://github.com/containers/image/blob/main/docs/containers-signature.5.md
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from compiler import __version__
from compiler.diagnostics import HeatsinkError
from compiler.images.reference import image_reference


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedImage:
    """An image as a signature names it: `registry.example/site/web` and its digest.

    A tag is not part of it: hosts pull by digests, for which podman compares names alone.
    """

    name: str
    digest: str


def signed_image(reference: str) -> SignedImage:
    """The image of a reference with a digest."""
    image = image_reference(reference)
    return SignedImage(name=f"{image.host}/{image.name}", digest=image.version)


def statement(reference: str, digest: str) -> bytes:
    """What is signed for an image: its reference, which has a tag or a digest, and its digest."""
    image = image_reference(reference)
    version = f"{'@' if image.digest else ':'}{image.version}"
    content = {
        "critical": _critical(f"{image.host}/{image.name}{version}", digest),
        "optional": {"creator": f"heatsink {__version__}"},
    }
    return json.dumps(content, separators=(",", ":"), sort_keys=True).encode()


def stated(content: bytes) -> SignedImage:
    """The image that a signed statement is about. Raises HeatsinkError if it is not such a statement."""
    try:
        critical = json.loads(content)["critical"]
        identity, digest = (
            critical["identity"]["docker-reference"],
            critical["image"]["docker-manifest-digest"],
        )
        image = image_reference(identity)
    except (ValueError, TypeError, KeyError, RecursionError, HeatsinkError):
        raise HeatsinkError("what it says is not about an image") from None
    if not set(":@") & set(identity.rpartition("/")[2]):
        raise HeatsinkError("it names an image without a tag, which engines refuse")
    if critical != _critical(identity, digest):  # the format forbids to ignore what else is there
        raise HeatsinkError("it says more of an image than is understood")
    return SignedImage(name=f"{image.host}/{image.name}", digest=digest)


def _critical(identity: str, digest: str) -> dict[str, object]:
    return {
        "type": "atomic container signature",
        "identity": {"docker-reference": identity},
        "image": {"docker-manifest-digest": digest},
    }
