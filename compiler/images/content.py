"""What an image was built from, part by part, in a label of the image; and what differs now.

{"dockerfile": {"Dockerfile": "5e0c…"}, "file": {"start.sh": "9a1f…"}, "parent": {"base": "53bd…"}}
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from compiler.images.build_args import PROXIES
from compiler.images.labels import SOURCE_LABEL
from compiler.images.recipe import ContextFile, ImageRecipe

CONTENT_LABEL = "heatsink.content"
_DIGITS = 12
_LONGEST = 1 << 16  # characters of a label, which travels in a URL

Content: TypeAlias = Mapping[str, Mapping[str, str]]
"""Kind of part → name → digest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentChange:
    """One part of an image that is not what the image was built from."""

    kind: str
    name: str
    change: str
    """`added`, `removed` or `changed`."""


def content(recipe: ImageRecipe, recipes: Mapping[str, ImageRecipe]) -> Content:
    """The parts that a recipe has now."""
    return {
        "build argument": {name: _digest(value.encode()) for name, value in _arguments(recipe)},
        "dockerfile": {"Dockerfile": _digest(recipe.dockerfile.encode())},
        "file": {file.path: _file_digest(file) for file in recipe.context},
        "label": {name: _digest(value.encode()) for name, value in _labels(recipe)},
        "parent": {name: recipes[name].content_hash[:_DIGITS] for name in recipe.parents},
        "source": {source.source.name: _digest(source.content.encode()) for source in recipe.sources},
    }


def _arguments(recipe: ImageRecipe) -> Iterator[tuple[str, str]]:
    """The build arguments that the content hash depends on."""
    return ((name, value) for name, value in recipe.build_args.items() if name not in PROXIES)


def _labels(recipe: ImageRecipe) -> Iterator[tuple[str, str]]:
    """The labels, but for those of sources."""
    return ((name, value) for name, value in recipe.labels.items() if not name.startswith(SOURCE_LABEL))


def content_label(recipe: ImageRecipe, recipes: Mapping[str, ImageRecipe]) -> dict[str, str]:
    """The label with the parts of a recipe; none if there are too many."""
    text = json.dumps(content(recipe, recipes), separators=(",", ":"), sort_keys=True)
    return {CONTENT_LABEL: text} if len(text) <= _LONGEST else {}


def labelled_content(labels: Mapping[str, str]) -> Content | None:
    """The parts in an image's labels; None if they do not say."""
    try:
        parts = json.loads(labels.get(CONTENT_LABEL, ""))
        return {str(kind): {str(name): str(digest) for name, digest in parts[kind].items()} for kind in parts}
    except (ValueError, TypeError, AttributeError, RecursionError):
        return None


def content_changes(before: Content, now: Content) -> Iterator[ContentChange]:
    """The differences between two contents, by kind and name."""
    for kind in sorted(before.keys() | now.keys()):
        old, new = before.get(kind, {}), now.get(kind, {})
        for name in sorted(old.keys() | new.keys()):
            if old.get(name) != new.get(name):
                change = "added" if name not in old else "removed" if name not in new else "changed"
                yield ContentChange(kind=kind, name=name, change=change)


def _file_digest(file: ContextFile) -> str:
    return _digest(f"{file.mode:o}\0".encode() + file.content)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:_DIGITS]
