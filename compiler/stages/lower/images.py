"""Names of images to exact references."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from collections.abc import Mapping as AbstractMapping

from compiler.diagnostics import Problem, Report, closest
from compiler.model.service import HostSettings
from compiler.stages.lower.container import Definition

# https://pkg.go.dev/github.com/distribution/reference
_WORD = "[a-z0-9]+"
_COMPONENT = rf"{_WORD}(?:(?:[.]|_|__|-+){_WORD})*"
_HOST = r"(?:[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*|\[[0-9a-fA-F:]+\])"
_REGISTRY = rf"(?=localhost/|[^/]*[.:]){_HOST}(?::[0-9]+)?/"  # any other first word belongs to the name
_SUFFIX = r"(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@[a-z0-9+._-]+:[0-9a-fA-F]+)?"
_REFERENCE = re.compile(rf"(?:{_REGISTRY})?{_COMPONENT}(?:/{_COMPONENT})*{_SUFFIX}")


def full_name(image: str, settings: HostSettings) -> str:
    """A bare name completed with prefix and tag: `memcached` -> `registry/namespace/memcached:tag`."""
    if "/" in image or "@" in image:
        return image
    return f"{settings.image_prefix}/{image}" + ("" if ":" in image else f":{settings.image_tag}")


def reference(image: str, digests: AbstractMapping[str, str]) -> str:
    """The full name with the digest that the lock has for it, else as it is."""
    digest = None if "@" in image else digests.get(image)
    return image if digest is None else f"{image.rpartition(':')[0]}@{digest}"


def invalid(definition: Definition) -> Iterator[Problem]:
    """An image that no engine can pull."""
    image = definition.container.image
    if image and not _REFERENCE.fullmatch(image):
        yield Problem(
            f"`{image}` is not a valid image reference",
            definition.key_span("image"),
            "write `registry/namespace/name:tag` or `…@sha256:…`, the name in lower case",
        )


def misspelt(definition: Definition, settings: HostSettings, own: frozenset[str]) -> Iterator[Problem]:
    """A name in heatsink's namespace that is similar to one of its own images, and not one."""
    prefix, name = f"{settings.image_prefix}/", definition.container.image
    if prefix.endswith("/heatsink/") and name.startswith(prefix):
        name = re.split("[/:@]", name.removeprefix(prefix))[0]
        if name not in own and (hint := closest(name, own)):
            yield Problem(f"`images/` has no image `{name}`", definition.key_span("image"), hint)


def warn_of_tags(images: Iterable[str], report: Report) -> None:
    """One warning for all images that are named by a tag alone."""
    tagged = sorted({image for image in images if "@" not in image})
    if tagged:
        names = ", ".join(tagged)
        report.warn(
            f"image tags are mutable: no digest is pinned for {names}",
            hint="`heatsink images push` pins heatsink's own; for others write the digest: `name@sha256:…`",
        )
