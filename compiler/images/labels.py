"""Labels of images: what an image is, and what it was built from.

https://github.com/opencontainers/image-spec/blob/main/annotations.md
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from compiler.diagnostics import HeatsinkError
from compiler.images.sources.git import run_git
from compiler.images.sources.locked import lock_entry
from compiler.images.sources.resolve import ResolvedSource
from compiler.node import Scalar

_OCI = "org.opencontainers.image"
SOURCE_LABEL = "heatsink.source."
_REFERENCE_LABEL = "heatsink.reference."
_TIMEOUT = 10.0  # seconds


def labels(
    name: str, version: str, dockerfile: str, own: Mapping[str, Scalar], sources: Sequence[ResolvedSource]
) -> dict[str, str]:
    """The labels that say what an image is; one that its Dockerfile sets is not among them."""
    general = {f"{_OCI}.title": name, f"{_OCI}.version": version}
    of_sources = {f"{SOURCE_LABEL}{source.source.name}": source.content for source in sources}
    written = {key: str(value.value) for key, value in own.items()}
    unset = {key: value for key, value in general.items() if f"{key}=" not in dockerfile}
    return {**unset, **of_sources, **written}


def origin(tree: Path) -> dict[str, str]:
    """The label with the commit that an image was built from; no hash covers it."""
    commit = revision(tree)
    return {f"{_OCI}.revision": commit} if commit else {}


def references(sources: Sequence[ResolvedSource]) -> dict[str, str]:
    """The labels with the branches and tags of sources; no hash covers them."""
    named = (each.source for each in sources)
    return {f"{_REFERENCE_LABEL}{source.name}": source.reference for source in named if source.reference}


def created(epoch: int | None) -> dict[str, str]:
    """The label with the time of an image, in seconds since 1970; none if it is not fixed."""
    return (
        {}
        if epoch is None
        else {f"{_OCI}.created": f"{datetime.fromtimestamp(epoch, UTC):%Y-%m-%dT%H:%M:%SZ}"}
    )


def sources_in(image_labels: Mapping[str, str]) -> dict[str, str]:
    """What a lock has of the sources of an image, and of those it is built on, as its labels say."""
    names = [key.removeprefix(SOURCE_LABEL) for key in image_labels if key.startswith(SOURCE_LABEL)]
    return {
        name: lock_entry(
            image_labels[f"{SOURCE_LABEL}{name}"], image_labels.get(f"{_REFERENCE_LABEL}{name}", "")
        )
        for name in names
    }


@lru_cache
def revision(folder: Path) -> str:
    """The commit of a folder, `…-dirty` if something was changed since; "" if git does not know it."""
    command = ("-C", str(folder), "describe", "--always", "--dirty", "--abbrev=64", "--exclude=*")
    try:
        return run_git(command, timeout=_TIMEOUT).strip()
    except HeatsinkError:
        return ""
