"""References of images as engines read them: `registry.example:4000/site/web:1@sha256:…`, `nginx`.

https://pkg.go.dev/github.com/distribution/reference
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from compiler.diagnostics import HeatsinkError

DOCKER_HUB = "docker.io"
_COMPONENT = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_REFERENCE = re.compile(
    # Any other first word belongs to the name.
    r"(?:(?=localhost[:/]|[^/]*[.:])(?P<host>(?:[A-Za-z0-9.-]+|\[[0-9a-fA-F:]+\])(?::\d+)?)/)?"
    rf"(?P<name>{_COMPONENT}(?:/{_COMPONENT})*)"
    r"(?::(?P<tag>\w[\w.-]{0,127}))?(?:@(?P<digest>[a-z0-9+._-]+:[0-9a-f]+))?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageReference:
    """An image of a registry: the registry's `host[:port]`, the repository there, and a tag or digest."""

    text: str
    host: str
    name: str
    version: str

    @property
    def digest(self) -> str | None:
        """The digest, if the reference has one."""
        return self.version if ":" in self.version else None


def image_reference(text: str) -> ImageReference:
    """What an engine understands by a reference. Raises HeatsinkError if it is not one.

    Without a registry it is Docker Hub's, without a tag `latest`; a digest is stronger than a tag.
    """
    match = _REFERENCE.fullmatch(text)
    if match is None:
        raise HeatsinkError(
            f"`{text}` is not a valid image reference", hint="write `registry/namespace/name:tag`"
        )
    host = match["host"] or DOCKER_HUB
    official = host == DOCKER_HUB and "/" not in match["name"]
    name = f"library/{match['name']}" if official else match["name"]
    version = match["digest"] or match["tag"] or "latest"
    return ImageReference(text=text, host=host, name=name, version=version)
