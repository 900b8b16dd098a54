"""`images.yaml`: what an operator changes of the images of all trees.

lists:
  nginx_packages_append: [libnginx-mod-http-geoip2]
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import reduce
from pathlib import Path

from compiler import files, schemas
from compiler.images.image_file import ImageSettings, settings_in
from compiler.images.lists import ListChange
from compiler.node import Mapping as MappingNode
from compiler.node import Node, children, expect_mapping, is_null, plain
from compiler.node.yaml import parse
from compiler.source import Span

NAME = "images.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagesConfig:
    """What an operator changes of the images."""

    lists: Mapping[str, ListChange] = field(default_factory=dict)
    every_image: ImageSettings = field(default_factory=ImageSettings)
    images: Mapping[str, ImageSettings] = field(default_factory=dict)
    places: Mapping[str, Span] = field(default_factory=dict)
    """Where each of the images is named."""

    def overlaid_by(self, other: ImagesConfig) -> ImagesConfig:
        """Both; where they change the same thing, the other wins."""
        both = {
            name: self.images[name].overlaid_by(other.images[name])
            for name in self.images.keys() & other.images.keys()
        }
        return ImagesConfig(
            lists={**self.lists, **other.lists},
            every_image=self.every_image.overlaid_by(other.every_image),
            images={**self.images, **other.images, **both},
            places={**self.places, **other.places},
        )

    def settings(self, name: str, own: ImageSettings) -> ImageSettings:
        """What is said about an image, with what its `image.yaml` says."""
        specific = self.images.get(name, ImageSettings())
        return own.overlaid_by(self.every_image).overlaid_by(specific)


def images_config(paths: Iterable[Path]) -> ImagesConfig:
    """All images files as one; the later wins. Raises CompileError."""
    return reduce(ImagesConfig.overlaid_by, map(_file, paths), ImagesConfig())


def _file(path: Path) -> ImagesConfig:
    root = parse(files.read(path))
    if root is None or is_null(root):
        return ImagesConfig()
    schemas.check(root, "images")
    sections = expect_mapping(root, "an images file").entries
    images = sections.get("images")
    named = images if isinstance(images, MappingNode) else None
    return ImagesConfig(
        lists=dict(_lists(sections.get("lists"))),
        every_image=settings_in(root, path.parent),
        images={name: settings_in(node, path.parent) for name, node in named.entries.items()}
        if named
        else {},
        places={name: named.key_span(name) for name in named.entries} if named else {},
    )


def _lists(section: Node | None) -> Iterator[tuple[str, ListChange]]:
    if isinstance(section, MappingNode):
        for name, items in section.entries.items():
            texts = (str(plain(item)) for item in children(items))
            yield name, ListChange(texts, section.key_span(name))
