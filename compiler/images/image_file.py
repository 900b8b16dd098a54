"""`image.yaml` in the folder of an image, or the same below `images` in `images.yaml`.

sources:
  - {name: app, type: git, location: https://git.example/app.git, reference: v1.2.0}
patches:
  - {file: fix-login.patch, directory: /opt/app}
build_args: {APP_VERSION: "1.2"}
labels: {org.opencontainers.image.licenses: MIT}
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from compiler import files, schemas
from compiler.images.patches import Patch, patches
from compiler.images.sources.entry import SourceEntry, overlaid, source_entries
from compiler.node import Mapping as MappingNode
from compiler.node import Node, Scalar, is_null
from compiler.node.yaml import parse

NAME = "image.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageSettings:
    """What is written about one image beside its Dockerfile."""

    sources: Mapping[str, SourceEntry] = field(default_factory=dict)
    patches: tuple[Patch, ...] = ()
    build_args: Mapping[str, Scalar] = field(default_factory=dict)
    labels: Mapping[str, Scalar] = field(default_factory=dict)

    def overlaid_by(self, other: ImageSettings) -> ImageSettings:
        """Both; where they say something about the same thing, the other wins. Its patches come last."""
        return ImageSettings(
            sources=overlaid(self.sources, other.sources),
            patches=(*self.patches, *other.patches),
            build_args={**self.build_args, **other.build_args},
            labels={**self.labels, **other.labels},
        )


def image_settings(folder: Path) -> ImageSettings:
    """What the `image.yaml` of an image's folder says, if there is one. Raises CompileError."""
    path = folder / NAME
    root = parse(files.read(path)) if path.exists() else None
    if root is None or is_null(root):
        return ImageSettings()
    schemas.check(root, "image")
    return settings_in(root, folder)


def settings_in(node: Node, folder: Path) -> ImageSettings:
    """What a valid mapping says; its paths are relative to the folder."""
    entries = node.entries if isinstance(node, MappingNode) else {}
    return ImageSettings(
        sources=source_entries(entries.get("sources"), folder),
        patches=patches(entries.get("patches"), folder),
        build_args=_scalars(entries.get("build_args")),
        labels=_scalars(entries.get("labels")),
    )


def _scalars(section: Node | None) -> dict[str, Scalar]:
    entries = section.entries if isinstance(section, MappingNode) else {}
    return {name: value for name, value in entries.items() if isinstance(value, Scalar)}
