"""Dockerfiles as rendered, and the images of the tree that they start or copy from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from compiler import jinja
from compiler.diagnostics import CompileError, HeatsinkError, closest
from compiler.images.config import ImagesConfig
from compiler.images.graph import with_children
from compiler.images.image_file import ImageSettings, image_settings
from compiler.images.lists import IMAGE, customizable
from compiler.images.tree import FROM, Image
from compiler.images.users import ImageUsers
from compiler.source import Source, Span

_COPYING = re.compile(r"^\s*COPY\s(.*)", re.IGNORECASE | re.MULTILINE)
_RUNNING = re.compile(r"^\s*RUN\s(.*)", re.IGNORECASE | re.MULTILINE)
_COPIED = re.compile(r"(?<!\S)--from=(\S+)")
_MOUNTED = re.compile(r"(?<!\S)--mount=(?:\S*,)?from=([^,\s]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Naming:
    """Names of images: `localhost/heatsink/keystone:0.1.0` in the engine that builds them."""

    namespace: str = "heatsink"
    tag: str

    @property
    def local_namespace(self) -> str:
        """The prefix of the engine's references to all images."""
        return f"localhost/{self.namespace}"

    def local(self, name: str) -> str:
        """The reference of an image in the engine that builds it."""
        return f"{self.local_namespace}/{name}:{self.tag}"

    def remote(self, name: str, registry: str) -> str:
        """The reference of an image in a registry."""
        return f"{registry}/{self.namespace}/{name}:{self.tag}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderSettings:
    """The settings that Dockerfiles are rendered with."""

    naming: Naming
    version: str
    base_image: str | None = None
    """Reference of an image to build on instead of a Debian built here."""
    search: tuple[Path, ...] = ()
    """Folders for `{% import %}` and `{% include %}`."""
    overrides: tuple[Source, ...] = ()
    """Templates that fill blocks of the Dockerfiles; the later wins."""
    config: ImagesConfig = field(default_factory=ImagesConfig)
    users: ImageUsers = field(default_factory=ImageUsers)
    build_args: Mapping[str, str] = field(default_factory=dict)
    """Build arguments that override all others."""
    proxies: Mapping[str, str] = field(default_factory=dict)
    """Further build arguments, for which nothing is built again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dockerfile:
    """A rendered Dockerfile."""

    text: str
    parents: tuple[str, ...]
    """The images of the tree that it starts or copies from, sorted."""
    settings: ImageSettings
    """What is said about the image beside its Dockerfile."""


def checked_override(source: Source) -> Source:
    """A template override. Raises CompileError if it is not valid, or would replace whole Dockerfiles."""
    if not jinja.extends_parent(source):
        raise CompileError(
            f"`{source.name}` does not extend the Dockerfiles",
            Span(source, 1, 1, 1, len(source.line(1)) + 1),
            hint="begin it with `{% extends parent_template %}`",
        )
    return source


def dockerfiles(
    images: Mapping[str, Image], names: Iterable[str], settings: RenderSettings
) -> tuple[dict[str, Dockerfile], dict[str, HeatsinkError]]:
    """The Dockerfiles of the named images and of all that they are built on, and the errors of broken ones.

    In a Dockerfile.j2 `parent("NAME")` is another image of the tree; `image_name`, `base_image`, `namespace`,
    `tag`, `version`, `sources` (names), `patches`, `users`, `groups` and the changes of lists
    are variables.
    """
    rendered: dict[str, Dockerfile] = {}
    broken: dict[str, HeatsinkError] = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name in rendered or name in broken:
            continue
        try:
            rendered[name] = _dockerfile(images[name], images, settings)
            waiting.extend(rendered[name].parents)
        except HeatsinkError as error:
            broken[name] = error
    return rendered, broken


def built_on(images: Mapping[str, Image], names: Iterable[str], settings: RenderSettings) -> list[str]:
    """The names, and those of all images that are built on them.

    An image that cannot be rendered may be built on any other, so it is among them.
    """
    rendered, broken = dockerfiles(images, images, settings)
    parents = {name: dockerfile.parents for name, dockerfile in rendered.items()}
    return sorted(with_children({*names, *broken}, parents))


def starts_from(text: str) -> str:
    """The reference of the image that the last stage of a Dockerfile starts from."""
    stages = {start[2]: start[1] for start in FROM.finditer(text)}
    reference = [start[1] for start in FROM.finditer(text)][-1]
    passed: set[str] = set()
    while reference in stages and reference not in passed:
        passed.add(reference)
        reference = stages[reference]
    return reference


def _dockerfile(image: Image, images: Mapping[str, Image], settings: RenderSettings) -> Dockerfile:
    image.check_name()
    own = settings.config.settings(image.name, image_settings(image.folder))
    text = jinja.render(
        image.source,
        _variables(image, own, images, settings),
        overrides=settings.overrides,
        search=settings.search,
        filters=(customizable,),
    )
    if not FROM.search(text):
        raise CompileError(f"the Dockerfile of `{image.name}` has no FROM", image.start)
    try:
        return Dockerfile(text=text, parents=tuple(_parents(text, images, settings)), settings=own)
    except CompileError as error:
        raise error.at(image.start) from None


def _variables(
    image: Image, own: ImageSettings, images: Mapping[str, Image], settings: RenderSettings
) -> dict[str, object]:
    return {
        **settings.config.lists,
        **settings.users.variables(),
        "sources": sorted(own.sources),
        "patches": [patch.variables() for patch in own.patches],
        IMAGE: image.name,
        "base_image": settings.base_image,
        "namespace": settings.naming.local_namespace,
        "tag": settings.naming.tag,
        "version": settings.version,
        **({jinja.PARENT: jinja.PARENT} if settings.overrides else {}),
        "parent": partial(_parent_reference, images, settings.naming),
    }


def _parent_reference(images: Mapping[str, Image], naming: Naming, name: str) -> str:
    if name not in images:
        raise CompileError(f"unknown parent image `{name}`", hint=closest(name, images))
    return naming.local(name)


def _parents(text: str, images: Mapping[str, Image], settings: RenderSettings) -> Iterator[str]:
    """The images of the tree that a Dockerfile names. Raises CompileError for one that the tree lacks."""
    naming = settings.naming
    references = {naming.local(name): name for name in images}
    for reference in sorted(_references_in(text)):
        if reference.startswith(f"{naming.local_namespace}/") and reference != settings.base_image:
            if reference not in references:
                raise CompileError(f"unknown parent image `{reference}`", hint=closest(reference, references))
            yield references[reference]


def _references_in(dockerfile: str) -> set[str]:
    """The images that a Dockerfile names, without its own stages."""
    starts = list(FROM.finditer(dockerfile))
    lines = re.sub(r"\\\n", " ", dockerfile)
    copied = {image for line in _COPYING.findall(lines) for image in _COPIED.findall(line)}
    mounted = {image for line in _RUNNING.findall(lines) for image in _MOUNTED.findall(line)}
    return ({start[1] for start in starts} | copied | mounted) - {start[2] for start in starts}
