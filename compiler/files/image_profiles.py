"""`image-profiles.yaml`: selections of images by name, for the option `--profile`.

profiles:
  network: {images: ['neutron-*', 'openvswitch-*']}
  edge: {roles: [Edge], environments: [environments/edge.yaml]}
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from compiler import files, schemas
from compiler.diagnostics import HeatsinkError, Problem, closest
from compiler.node import Mapping, Node, Scalar, Sequence

NAME = "image-profiles.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageProfile:
    """Patterns of images, and roles and environments whose images it also has; each with its place."""

    node: Node
    images: tuple[Scalar, ...]
    roles: tuple[Scalar, ...]
    environments: tuple[Scalar, ...]


def image_profiles(path: Path) -> dict[str, ImageProfile]:
    """The profiles of a file by name. Raises CompileError if the file does not hold profiles."""
    root = files.mapping(path, "a file of image profiles")
    schemas.check(root, "image_profiles")
    profiles = root.entries["profiles"]
    assert isinstance(profiles, Mapping)
    return {name: _profile(profiles.key_node(name), node) for name, node in profiles.entries.items()}


def named_profiles(path: Path, names: Iterable[str]) -> list[ImageProfile]:
    """The profiles of these names. Raises HeatsinkError with all names that the file lacks."""
    profiles = image_profiles(path)
    unknown = [name for name in dict.fromkeys(names) if name not in profiles]
    if unknown:
        known = f"profiles: {', '.join(sorted(profiles))}"
        raise HeatsinkError.of(
            Problem(
                f"`{files.short_name(path)}` has no profile `{name}`", None, closest(name, profiles) or known
            )
            for name in unknown
        )
    return [profiles[name] for name in dict.fromkeys(names)]


def _profile(key: Node, node: Node) -> ImageProfile:
    assert isinstance(node, Mapping)
    return ImageProfile(
        node=key,
        images=_scalars(node, "images"),
        roles=_scalars(node, "roles"),
        environments=_scalars(node, "environments"),
    )


def _scalars(node: Mapping, key: str) -> tuple[Scalar, ...]:
    value = node.entries.get(key)
    items = value.items if isinstance(value, Sequence) else ()
    return tuple(item for item in items if isinstance(item, Scalar))
