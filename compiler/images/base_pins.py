"""Foreign images that images of the tree start from, at the digests that a lock has for them.

A lock has `registry.example/debian:13@sha256:…`, which holds for a Dockerfile that starts from this tag.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from compiler.diagnostics import HeatsinkError
from compiler.images.content import ContentChange
from compiler.images.dockerfile import starts_from
from compiler.images.engines.protocol import BuildEngine, EngineImage
from compiler.images.recipe import ImageRecipe
from compiler.images.reference import image_reference
from compiler.images.tree import FROM

_NO_IMAGE = "scratch"
_LOCAL = "localhost/"


@dataclass(frozen=True, slots=True, kw_only=True)
class BasePins:
    """What a lock has of the foreign images that images start from, beside those of an engine."""

    engine: BuildEngine
    by_image: Mapping[str, str] = field(default_factory=dict)
    """Image of the tree → reference with a digest."""

    def dockerfile(self, recipe: ImageRecipe) -> str:
        """The Dockerfile of an image, on the foreign image of the lock."""
        digest, base = self._digest(recipe), base_of(recipe)
        if not digest:
            return recipe.dockerfile
        return _starting_from(recipe.dockerfile, base, _by_digest(base, digest))

    def is_pinned(self, recipe: ImageRecipe) -> bool:
        """Whether the lock says on which foreign image an image is built."""
        return bool(self._digest(recipe))

    def changes(self, recipe: ImageRecipe) -> tuple[ContentChange, ...]:
        """The foreign image, if the engine has an image that was not built on that of the lock."""
        digest, base = self._digest(recipe), base_of(recipe)
        if not digest or self._is_built_on(recipe, _by_digest(base, digest)):
            return ()
        return (ContentChange(kind="base image", name=base, change="changed"),)

    def record(self, recipe: ImageRecipe) -> str | None:
        """What the lock gets of the foreign image; "" if there is none, None if the engine does not know."""
        base = base_of(recipe)
        if not base:
            return ""
        if digest := self._digest(recipe):
            return f"{base}@{digest}"
        image = self.engine.image(base)
        digest = _digest_of(image, base) if image and self._is_built_on(recipe, base) else ""
        return f"{base}@{digest}" if digest else None

    def _digest(self, recipe: ImageRecipe) -> str:
        reference, _, digest = self.by_image.get(recipe.name, "").rpartition("@")
        return digest if reference and reference == base_of(recipe) else ""

    def _is_built_on(self, recipe: ImageRecipe, reference: str) -> bool:
        """Whether an image of the engine begins with the layers of another one."""
        image, base = self.engine.image(recipe.reference), self.engine.image(reference)
        return image is not None and base is not None and image.layers[: len(base.layers)] == base.layers


def base_of(recipe: ImageRecipe) -> str:
    """The foreign image whose tag a Dockerfile starts from; "" if it is none, of the tree, or local."""
    reference = starts_from(recipe.dockerfile)
    is_foreign = reference != _NO_IMAGE and not reference.startswith(_LOCAL) and "@" not in reference
    return reference if is_foreign and not recipe.rootfs and _is_reference(reference) else ""


def is_local(recipe: ImageRecipe) -> bool:
    """Whether a Dockerfile starts from an image that no registry has."""
    return starts_from(recipe.dockerfile).startswith(_LOCAL)


def _is_reference(text: str) -> bool:
    try:
        return bool(image_reference(text))
    except HeatsinkError:  # a variable of a build
        return False


def _by_digest(reference: str, digest: str) -> str:
    repository, _, tag = reference.rpartition(":")
    return f"{repository if repository and '/' not in tag else reference}@{digest}"


def _starting_from(text: str, reference: str, pinned: str) -> str:
    """The Dockerfile with another reference in those `FROM` that have this one."""

    def written(start: re.Match[str]) -> str:
        return start[0].replace(reference, pinned, 1) if start[1] == reference else start[0]

    return FROM.sub(written, text)


def _digest_of(image: EngineImage, reference: str) -> str:
    """The digest of an image in the registry that it was pulled from."""
    wanted = image_reference(reference)
    for known in map(image_reference, image.digests):
        if (known.host, known.name) == (wanted.host, wanted.name) and known.digest:
            return known.digest
    return ""
