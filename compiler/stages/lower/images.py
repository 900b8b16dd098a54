"""Names of images to exact references."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator
from collections.abc import Mapping as AbstractMapping

from compiler.diagnostics import Problem, Report, closest
from compiler.model.inputs import ImagePins
from compiler.model.service import HostSettings
from compiler.source import Span
from compiler.stages.lower.container import Definition

# https://pkg.go.dev/github.com/distribution/reference
_WORD = "[a-z0-9]+"
_COMPONENT = rf"{_WORD}(?:(?:[.]|_|__|-+){_WORD})*"
_HOST = r"(?:[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*|\[[0-9a-fA-F:]+\])"
_REGISTRY = rf"(?=localhost/|[^/]*[.:]){_HOST}(?::[0-9]+)?/"  # any other first word belongs to the name
_SUFFIX = r"(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@[a-z0-9+._-]+:[0-9a-fA-F]+)?"
_TAG = re.compile(r":[^:/]*$")
_REFERENCE = re.compile(rf"(?:{_REGISTRY})?{_COMPONENT}(?:/{_COMPONENT})*{_SUFFIX}")

_LOCK = "images.lock.yaml"
_LOCAL = "localhost/"
_NOT_IN_A_REGISTRY = (
    "`heatsink images push --registry HOST` pins images that are built here; name HOST/heatsink in "
    "ContainerImagePrefix then"
)


def full_name(image: str, settings: HostSettings) -> str:
    """A bare name completed with prefix and tag: `memcached` -> `registry/namespace/memcached:tag`."""
    if "/" in image or "@" in image:
        return image
    return f"{settings.image_prefix}/{image}" + ("" if ":" in image else f":{settings.image_tag}")


def reference(image: str, digests: AbstractMapping[str, str]) -> str:
    """The full name with the digest that the lock has for it, else as it is."""
    digest = None if "@" in image else digests.get(image)
    return image if digest is None else f"{_TAG.sub('', image)}@{digest}"


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


def check_pins(used: AbstractMapping[str, Span], pins: ImagePins, report: Report) -> None:
    """Report images that are named by a tag alone, each with its place if that is an error."""
    tagged = sorted(image for image in used if "@" not in image)
    local = [image for image in tagged if image.startswith(_LOCAL)]
    foreign = [image for image in tagged if not image.startswith(_LOCAL)]
    if pins.required:
        for image in tagged:
            hint = _NOT_IN_A_REGISTRY if image in local else f"run `{_command([image], pins)}`"
            report.error(f"image `{image}` has no digest in {pins.file or _LOCK}", used[image], hint)
        return
    for images, hint in ((foreign, f"run `{_command(foreign, pins)}`"), (local, _NOT_IN_A_REGISTRY)):
        if images:
            report.warn(f"image tags are mutable: no digest is pinned for {', '.join(images)}", hint=hint)


def _command(images: Iterable[str], pins: ImagePins) -> str:
    """What pins images."""
    return shlex.join(("heatsink", "images", "lock", *(("--lock", pins.file) if pins.file else ()), *images))
