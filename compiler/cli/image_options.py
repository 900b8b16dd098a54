"""The options of `heatsink images`: which images there are, what they are called, and which are selected."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from compiler.cli.completion import complete_images
from compiler.cli.image_pins import lock_option, locked_builds
from compiler.cli.image_selection import ImageSelection, selection_options
from compiler.diagnostics import HeatsinkError

if TYPE_CHECKING:
    from compiler.images.dockerfile import Naming, RenderSettings
    from compiler.images.recipe import Recipes
    from compiler.images.selection import ImageSet
    from compiler.images.tree import Image

_Decorated = Callable[..., Any]
_FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageOptions:
    """The options that say which images there are, and what they are called."""

    folders: tuple[Path, ...]
    namespace: str
    tag: str | None
    base_image: str | None = None
    with_children: bool = False
    overrides: tuple[Path, ...] = ()
    selection: ImageSelection = field(default_factory=ImageSelection)
    configs: tuple[Path, ...] = ()
    build_args: tuple[str, ...] = ()
    lock: Path | None = None
    update: bool = False
    """Whether what is in the lock does not count."""

    @property
    def all_folders(self) -> list[Path]:
        """The shipped images, then the operator's own."""
        from compiler.shipped import folder

        own = [Path("images")] if Path("images").is_dir() else []
        return [folder("images"), *(self.folders or own)]

    @property
    def naming(self) -> Naming:
        """The names of images in the engine and in registries."""
        from compiler import __version__
        from compiler.images.dockerfile import Naming

        return Naming(namespace=self.namespace, tag=self.tag or __version__)

    def selected(self, patterns: Sequence[str]) -> ImageSet:
        """The selected images, of the tree and foreign ones.

        With `--base-image`, an image with a root file system is selected only if something names it.
        """
        from compiler.images.selection import ImageSet

        tree = self.tree
        images = self.selection.images(tree, patterns)
        if not self.base_image or patterns or self.selection.is_narrow():
            return images
        return ImageSet(frozenset(name for name in images.names if not tree[name].has_rootfs))

    def locked(self, patterns: Sequence[str], lock: Path) -> dict[str, str]:
        """References to the selected images, each with the same by its digest; without a selection, of all.

        Raises HeatsinkError for those that the lock lacks.
        """
        from compiler.files.images_lock import read_lock
        from compiler.images.saving import pinned, references_of

        digests = read_lock(lock).digests
        is_narrow = patterns or self.selection.is_narrow()
        references = references_of(self.selected(patterns), digests) if is_narrow else sorted(digests)
        if not references:
            hint = "push images with `heatsink images push` first"
            raise HeatsinkError(f"`{lock}` has no image", hint=hint)
        return pinned(references, digests)

    def recipes(self, patterns: Sequence[str]) -> Recipes:
        """The recipes of the selected images and of all that they are built on."""
        return self.recipes_of(self.selected(patterns).names)

    def recipes_of(self, names: Collection[str]) -> Recipes:
        """The recipes of these images, of what is built on them if it is wanted, and of all their parents."""
        from compiler.images.build_args import check_known
        from compiler.images.hooks import check_hooks
        from compiler.images.recipe import recipes

        tree, settings = self.tree, self._settings
        check_hooks(tree, settings)
        builds = locked_builds(self.lock, update=self.update) or {}
        locked = {name: record.sources for name, record in builds.items()}
        made = recipes(tree, self.with_built_on(names), settings, locked)
        if not made.broken:
            check_known(settings.build_args, (recipe.dockerfile for recipe in made.by_name.values()))
        return made

    def with_built_on(self, names: Collection[str]) -> list[str]:
        """The names, and those of the images that are built on these if they are wanted."""
        from compiler.images.dockerfile import built_on

        return built_on(self.tree, names, self._settings) if self.with_children else sorted(names)

    @property
    def tree(self) -> dict[str, Image]:
        """All images by name."""
        from compiler.images.tree import discover

        return discover(self.all_folders)

    @property
    def _settings(self) -> RenderSettings:
        from compiler import __version__
        from compiler.files import read
        from compiler.images.build_args import PROXIES, from_words
        from compiler.images.config import NAME, images_config
        from compiler.images.dockerfile import RenderSettings, checked_override
        from compiler.images.users import image_users

        own = [Path(NAME)] if Path(NAME).exists() else []
        return RenderSettings(
            naming=self.naming,
            version=__version__,
            base_image=self.base_image,
            search=tuple(reversed(self.all_folders)),
            overrides=tuple(checked_override(read(path)) for path in self.overrides),
            config=images_config(self.configs or own),
            users=image_users(self.all_folders),
            build_args=dict(from_words(self.build_args, os.environ)),
            proxies={name: os.environ[name] for name in sorted(PROXIES & os.environ.keys())},
        )


def image_options(command: _Decorated) -> _Decorated:
    """Give a command PATTERN, and the options that all commands of images take."""
    return _decorated(
        selection_options(command),
        click.argument("patterns", metavar="[PATTERN]...", nargs=-1, shell_complete=complete_images),
        click.option(
            "--images", "folders", type=_FOLDER, multiple=True,
            help="Folder of more images; they override built-in ones of the same name.  [default: ./images]",
        ),
        click.option("--namespace", default="heatsink", show_default=True, help="Image namespace."),
        click.option("--tag", help="Image tag.  [default: heatsink's version]"),
    )  # fmt: skip


def recipe_options(command: _Decorated) -> _Decorated:
    """Give a command PATTERN, and the options of everything that renders Dockerfiles."""
    rendering = _decorated(
        command,
        click.option("--with-children", is_flag=True, help="Select also all images that are built on these."),
        click.option(
            "--base-image", metavar="REF",
            help="Build on this image of a registry instead of a Debian built here.",
        ),
        click.option(
            "--template-override", "overrides", metavar="FILE", multiple=True,
            type=click.Path(path_type=Path),
            help="Jinja2 template that fills blocks of the Dockerfiles; later ones override earlier ones.",
        ),
        click.option(
            "--config", "configs", metavar="FILE", multiple=True, type=click.Path(path_type=Path),
            help="File of changes of images, such as their packages; later ones override earlier ones.  "
            "[default: ./images.yaml]",
        ),
        click.option(
            "--build-arg", "build_args", metavar="NAME[=VALUE]", multiple=True,
            help="Value of an `ARG` of the Dockerfiles; without VALUE, that of the environment.",
        ),
        lock_option,
    )  # fmt: skip
    return image_options(rendering)


def _decorated(command: _Decorated, *options: _Decorated) -> _Decorated:
    for option in reversed(options):
        command = option(command)
    return command
