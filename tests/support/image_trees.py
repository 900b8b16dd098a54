"""Trees of images for tests, and what they are built from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from compiler.images.config import ImagesConfig
from compiler.images.dockerfile import Naming, RenderSettings
from compiler.images.recipe import Recipes, recipes
from compiler.images.tree import chosen, discover
from compiler.images.users import image_users
from compiler.source import Source

NAMING = Naming(tag="1")
EXTENDS = "{% extends parent_template %}\n"


def write(root: Path, **dockerfiles: str) -> Path:
    """A folder with images; `nova__api` is the path `nova/api`."""
    for name, text in dockerfiles.items():
        path = root / name.replace("__", "/") / "Dockerfile.j2"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def selected(
    *folders: Path,
    patterns: Sequence[str] = (),
    base_image: str | None = None,
    overrides: Sequence[str] = (),
    config: ImagesConfig | None = None,
    build_args: Mapping[str, str] | None = None,
    proxies: Mapping[str, str] | None = None,
    locked: Mapping[str, Mapping[str, str]] | None = None,
) -> Recipes:
    """The recipes of the images in some trees that match the patterns."""
    settings = RenderSettings(
        naming=NAMING,
        version="1",
        base_image=base_image,
        search=tuple(reversed(folders)),
        overrides=tuple(Source(f"{number}.j2", EXTENDS + text) for number, text in enumerate(overrides)),
        config=config or ImagesConfig(),
        users=image_users(folders),
        build_args=build_args or {},
        proxies=proxies or {},
    )
    images = discover(folders)
    return recipes(images, chosen(images, patterns), settings, locked)
