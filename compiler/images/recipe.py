"""What an image is built from: its rendered Dockerfile, its context, its parents, and a hash of these."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from compiler import jinja
from compiler.diagnostics import CompileError, HeatsinkError, Report, closest
from compiler.images.graph import ordered
from compiler.images.tree import DOCKERFILE, FROM, Image

ROOTFS = "mmdebstrap"
"""The file in an image's folder with the mmdebstrap arguments for its `rootfs.tar`, one per line."""

_COPY_FROM = re.compile(r"^\s*COPY\s.*?--from=(\S+)", re.IGNORECASE | re.MULTILINE)


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
class ContextFile:
    """One file or link of a build context: its path there, and its origin on this machine."""

    path: str
    origin: Path

    @property
    def mode(self) -> int:
        """0755 if the owner may execute the file, else 0644: git keeps only this bit."""
        return 0o755 if self.origin.lstat().st_mode & stat.S_IXUSR else 0o644

    @property
    def content(self) -> bytes:
        """The bytes of the file, or the target of the link."""
        if self.origin.is_symlink():
            return os.fsencode(self.origin.readlink())
        return self.origin.read_bytes()


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageRecipe:
    """Everything that determines an image, except for the package versions at build time."""

    name: str
    reference: str
    dockerfile: str
    context: tuple[ContextFile, ...]
    parents: tuple[str, ...]
    rootfs: tuple[str, ...]
    content_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderSettings:
    """The settings that Dockerfiles are rendered with."""

    naming: Naming
    version: str
    base_image: str | None = None
    """Reference of an image to build on instead of a Debian built here."""
    search: tuple[Path, ...] = ()
    """Folders for `{% import %}` and `{% include %}`."""


def recipes(images: Mapping[str, Image], settings: RenderSettings) -> dict[str, ImageRecipe]:
    """The recipes of all images, parents first.

    In a Dockerfile.j2 `parent("NAME")` is another image of the tree; `base_image`, `namespace`, `tag` and
    `version` are variables. Raises CompileError with all mistakes together: Jinja2 errors, unknown parents
    and cycles.
    """
    dockerfiles = _rendered(images, settings)
    parents = _parents(images, dockerfiles, settings)
    by_name: dict[str, ImageRecipe] = {}
    for name in ordered(parents, images):
        above = tuple(by_name[parent] for parent in parents[name])
        by_name[name] = _recipe(images[name], settings.naming.local(name), dockerfiles[name], above)
    return by_name


def _rendered(images: Mapping[str, Image], settings: RenderSettings) -> dict[str, str]:
    variables = {
        "base_image": settings.base_image,
        "namespace": settings.naming.local_namespace,
        "tag": settings.naming.tag,
        "version": settings.version,
        "parent": partial(_parent_reference, images, settings.naming),
    }
    report, dockerfiles = Report(), {}
    for name, image in images.items():
        with report.collecting():
            dockerfiles[name] = jinja.render(image.source, variables, search=settings.search)
            if not FROM.search(dockerfiles[name]):
                raise CompileError(f"the Dockerfile of `{name}` has no FROM", image.start)
    report.check()
    return dockerfiles


def _parent_reference(images: Mapping[str, Image], naming: Naming, name: str) -> str:
    if name not in images:
        raise CompileError(f"unknown parent image `{name}`", hint=closest(name, images))
    return naming.local(name)


def _parents(
    images: Mapping[str, Image], dockerfiles: Mapping[str, str], settings: RenderSettings
) -> dict[str, tuple[str, ...]]:
    """For each image, the images of the tree that its Dockerfile starts or copies from."""
    references = {settings.naming.local(name): name for name in images}
    report, parents = Report(), {}
    for name, dockerfile in dockerfiles.items():
        with report.collecting():
            used = _references_in(dockerfile)
            _check_known(used - {settings.base_image}, images[name], references, settings.naming)
            parents[name] = tuple(sorted(references[reference] for reference in used & references.keys()))
    report.check()
    return parents


def _check_known(
    used: Collection[str | None], image: Image, references: Mapping[str, str], naming: Naming
) -> None:
    """Raise CompileError for a reference below our namespace that is not an image of the tree."""
    ours = (
        reference for reference in used if reference and reference.startswith(naming.local_namespace + "/")
    )
    for reference in sorted(ours):
        if reference not in references:
            hint = closest(reference, references)
            raise CompileError(f"unknown parent image `{reference}`", image.start, hint)


def _references_in(dockerfile: str) -> set[str]:
    """The images that a Dockerfile names, without its own stages."""
    starts = list(FROM.finditer(dockerfile))
    copied = {copy[1] for copy in _COPY_FROM.finditer(dockerfile)}
    return ({start[1] for start in starts} | copied) - {start[2] for start in starts}


def _recipe(image: Image, reference: str, dockerfile: str, parents: tuple[ImageRecipe, ...]) -> ImageRecipe:
    context = tuple(_context(image.folder))
    return ImageRecipe(
        name=image.name,
        reference=reference,
        dockerfile=dockerfile,
        context=context,
        parents=tuple(parent.name for parent in parents),
        rootfs=_rootfs_arguments(image.folder),
        content_hash=_content_hash(dockerfile, context, parents),
    )


def _context(folder: Path) -> Iterator[ContextFile]:
    """Everything in an image's folder except its template and the images below it."""
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        nested = any((folder / above / DOCKERFILE).is_file() for above in inside.parents if above.name)
        if (path.is_file() or path.is_symlink()) and inside.name != DOCKERFILE and not nested:
            _refuse_windows_script(path)
            yield ContextFile(path=inside.as_posix(), origin=path)


def _refuse_windows_script(path: Path) -> None:
    content = path.read_bytes() if path.is_file() else b""
    if content.startswith(b"#!") and b"\r\n" in content:
        raise HeatsinkError(
            f"`{path}` is a script with Windows line ends",
            hint="save the file with Unix line ends, as `dos2unix` does",
        )


def _rootfs_arguments(folder: Path) -> tuple[str, ...]:
    path = folder / ROOTFS
    if not path.is_file():
        return ()
    lines = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
    return tuple(line for line in lines if line and not line.startswith("#"))


def _content_hash(dockerfile: str, context: Sequence[ContextFile], parents: Sequence[ImageRecipe]) -> str:
    """A SHA-256 that changes when the Dockerfile, a file of the context or a parent does."""
    digest = hashlib.sha256(dockerfile.encode())
    for file in context:
        digest.update(f"\0{file.path}\0{file.mode:o}\0".encode() + hashlib.sha256(file.content).digest())
    for parent in parents:
        digest.update(b"\0" + parent.content_hash.encode())
    return digest.hexdigest()
