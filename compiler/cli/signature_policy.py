"""Images that hosts do not verify: a push does, by the policies in their bundles."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from compiler.diagnostics import HeatsinkError
from compiler.host.layout import REGISTRIES

if TYPE_CHECKING:
    from compiler.deploy.archives import ImageArchives
    from compiler.deploy.bundle import BundleFolder

_LOCAL = "localhost/"
_POLICY = f"{REGISTRIES}/.config/containers/policy.json"


def check_signatures(bundles: Iterable[BundleFolder], archives: ImageArchives, lookaside: Path) -> None:
    """Raise HeatsinkError for all images that a bundle's policy refuses and its host would take.

    docker verifies nothing, podman what it pulls and not what is sent to it.
    """
    images: dict[bytes, set[str]] = defaultdict(set)
    for bundle in bundles:
        if policy := _policy(bundle):
            images[policy].update(_unverified(bundle, archives))
    if not images:
        return
    from compiler.images.lookaside import Lookaside
    from compiler.images.policy import SignaturePolicy
    from compiler.images.signing import refusals

    errors = [
        error
        for policy, references in images.items()
        for error in refusals(SignaturePolicy.parse(policy), sorted(references), Lookaside(lookaside))
    ]
    if errors:
        raise HeatsinkError.of(problem for error in errors for problem in error.problems)


def _policy(bundle: BundleFolder) -> bytes:
    """The policy in a bundle; empty if there is none."""
    if _POLICY.encode() not in bundle.content:  # of most: reading a manifest takes longer than a login
        return b""
    return bundle.blobs(file.sha256 for file in bundle.manifest.files if file.path == _POLICY)


def _unverified(bundle: BundleFolder, archives: ImageArchives) -> Iterator[str]:
    """The images that the host takes from elsewhere without a look at signatures."""
    is_docker = bundle.manifest.engine == "docker"
    for image in bundle.manifest.images:
        if not image.startswith(_LOCAL) and (is_docker or archives.archive(image)):
            yield image
