"""What an image is built from: its rendered Dockerfile, its context, its parents, and a hash of these."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

from compiler.diagnostics import CompileError, HeatsinkError, reason
from compiler.files import read, short_name
from compiler.images.build_args import PROXIES, applicable, check_used
from compiler.images.dockerfile import Dockerfile, RenderSettings, dockerfiles
from compiler.images.graph import circles, ordered
from compiler.images.image_file import NAME as IMAGE_FILE
from compiler.images.labels import labels, origin, references
from compiler.images.patches import Patch, check_patches
from compiler.images.sources.entry import ImageSource, SourceKind, complete
from compiler.images.sources.locked import LockedSources, with_commits
from compiler.images.sources.mentions import check_mentions
from compiler.images.sources.resolve import ResolvedSource, commits, resolved
from compiler.images.tree import DOCKERFILE, ROOTFS, Image, paths_below

T = TypeVar("T")


_BYTECODE = "__pycache__"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextFile:
    """One file or link of a build context: its path there, and its origin on this machine."""

    path: str
    origin: Path

    @property
    def mode(self) -> int:
        """0755 if the owner may execute the file, else 0644: git keeps only this bit."""
        return 0o755 if self._read(Path.lstat).st_mode & stat.S_IXUSR else 0o644

    @property
    def content(self) -> bytes:
        """The bytes of the file, or the target of the link."""
        if self.origin.is_symlink():
            return os.fsencode(self._read(Path.readlink))
        return self._read(Path.read_bytes)

    def _read(self, read_path: Callable[[Path], T]) -> T:
        try:
            return read_path(self.origin)
        except OSError as error:
            raise HeatsinkError(
                f"`{short_name(self.origin)}` cannot be read: {reason(error)}", hint="check its permissions"
            ) from None


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
    sources: tuple[ResolvedSource, ...] = ()
    build_args: Mapping[str, str] = field(default_factory=dict)
    """What the engine gets as build arguments, with the proxies."""
    labels: Mapping[str, str] = field(default_factory=dict)
    origin: Mapping[str, str] = field(default_factory=dict)
    """Further labels, on which the content hash does not depend."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipes:
    """What images are built from, parents first, and which images cannot be built."""

    by_name: Mapping[str, ImageRecipe]
    parents: Mapping[str, tuple[str, ...]]
    """Of every image whose Dockerfile could be rendered."""
    broken: Mapping[str, HeatsinkError]
    """The images with mistakes of their own."""
    blocked: Mapping[str, str]
    """The images that are built on a broken one, with its name."""

    @property
    def names(self) -> list[str]:
        """All images, broken or not."""
        return sorted(self.parents.keys() | self.broken.keys())

    def error(self) -> CompileError | None:
        """All mistakes together, if there are any."""
        problems = [problem for name in sorted(self.broken) for problem in self.broken[name].problems]
        return CompileError.of(problems) if problems else None

    def checked(self) -> Mapping[str, ImageRecipe]:
        """The recipes. Raises CompileError if an image is broken."""
        if error := self.error():
            raise error
        return self.by_name


def recipes(
    images: Mapping[str, Image],
    names: Iterable[str],
    settings: RenderSettings,
    locked: Mapping[str, LockedSources] | None = None,
) -> Recipes:
    """The recipes of the named images and of all that they are built on; no other image is rendered.

    `locked` has what a lock has of the sources of images.
    """
    rendered, broken = dockerfiles(images, names, settings)
    parents = {name: rendered[name].parents for name in sorted(rendered)}
    broken |= _circular(parents, images)
    wanted, mistaken = _sources(rendered, locked or {})
    broken |= mistaken
    known = commits(source for sources in wanted.values() for source in sources)
    by_name: dict[str, ImageRecipe] = {}
    blocked: dict[str, str] = {}
    for name in ordered({name: above for name, above in parents.items() if name not in broken}):
        if causes := [blocked.get(parent, parent) for parent in parents[name] if parent not in by_name]:
            blocked[name] = causes[0]
            continue
        above = tuple(by_name[parent] for parent in parents[name])
        try:
            sources = tuple(resolved(source, known) for source in wanted[name])
            by_name[name] = _recipe(images[name], rendered[name], settings, sources, above)
        except HeatsinkError as error:
            broken[name] = error
    return Recipes(by_name=by_name, parents=parents, broken=broken, blocked=blocked)


def _sources(
    rendered: Mapping[str, Dockerfile], locked: Mapping[str, LockedSources]
) -> tuple[dict[str, tuple[ImageSource, ...]], dict[str, HeatsinkError]]:
    """The sources of images, and the errors of images whose sources have mistakes."""
    wanted: dict[str, tuple[ImageSource, ...]] = {}
    broken: dict[str, HeatsinkError] = {}
    for name, dockerfile in rendered.items():
        try:
            sources = complete(dockerfile.settings.sources.values())
        except CompileError as error:
            broken[name] = error
        else:
            wanted[name] = tuple(with_commits(sources, locked.get(name, {})))
    return wanted, broken


def _circular(
    parents: Mapping[str, tuple[str, ...]], images: Mapping[str, Image]
) -> dict[str, HeatsinkError]:
    """The images of every circle, with an error that has all its places."""
    return {name: _circle_error(circle, images) for circle in circles(parents) for name in circle}


def _circle_error(circle: Sequence[str], images: Mapping[str, Image]) -> CompileError:
    way = [*circle, circle[0]]
    first, *others = [images[name].place_of(parent) for name, parent in pairwise(way)]
    hint = f"the other parents of the circle are at {', '.join(map(str, others))}" if others else None
    return CompileError(f"circular image parents: {' -> '.join(way)}", first, hint)


def _recipe(
    image: Image,
    dockerfile: Dockerfile,
    settings: RenderSettings,
    sources: tuple[ResolvedSource, ...],
    parents: tuple[ImageRecipe, ...],
) -> ImageRecipe:
    wanted, patches = [source.source for source in sources], dockerfile.settings.patches
    check_patches(patches, dockerfile.text)
    context = _context_files(image.folder, wanted, patches)
    check_mentions(dockerfile.text, wanted, image.place, {file.path for file in context})
    arguments = _build_args(dockerfile, settings)
    own_labels = labels(image.name, settings.naming.tag, dockerfile.text, dockerfile.settings.labels, sources)
    return ImageRecipe(
        name=image.name,
        reference=settings.naming.local(image.name),
        dockerfile=dockerfile.text,
        context=context,
        parents=tuple(parent.name for parent in parents),
        rootfs=_rootfs_arguments(image.folder),
        content_hash=_content_hash(dockerfile.text, context, arguments, own_labels, parents),
        sources=sources,
        build_args={**settings.proxies, **arguments},
        labels=own_labels,
        origin={**origin(image.tree), **references(sources)},
    )


def _build_args(dockerfile: Dockerfile, settings: RenderSettings) -> dict[str, str]:
    of_all = settings.config.every_image.build_args
    own = dockerfile.settings.build_args
    check_used({name: value for name, value in own.items() if name not in of_all}, dockerfile.text)
    written = {name: str(value.value) for name, value in own.items()}
    return applicable({**written, **settings.build_args}, dockerfile.text)


def _context_files(
    folder: Path, sources: Sequence[ImageSource], patches: Sequence[Patch]
) -> tuple[ContextFile, ...]:
    """The files of an image's folder, except for what is a source or a patch, and the patches."""
    local = (Path(source.location) for source in sources if source.kind is SourceKind.LOCAL)
    own = _context(folder, {*local, *(patch.file for patch in patches)})
    added = (ContextFile(path=patch.path, origin=patch.file) for patch in patches)
    by_path = {file.path: file for file in (*own, *added)}
    return tuple(by_path[path] for path in sorted(by_path))


def _context(folder: Path, left_out: Set[Path]) -> Iterator[ContextFile]:
    """Everything in an image's folder except its template, its `image.yaml`, the images below it, and the
    bytecode that Python leaves beside programs, as the installation of heatsink does."""
    for path in sorted(paths_below(folder), key=lambda path: [os.fsencode(part) for part in path.parts]):
        inside = path.relative_to(folder)
        other = _BYTECODE in inside.parts or any(
            (folder / above / DOCKERFILE).is_file() for above in inside.parents if above.name
        )
        own = inside.name == DOCKERFILE or inside.as_posix() == IMAGE_FILE
        if (path.is_file() or path.is_symlink()) and not own and not other and not _is_below(path, left_out):
            file = ContextFile(path=inside.as_posix(), origin=path)
            _refuse_windows_script(file)
            yield file


def _is_below(path: Path, folders: Set[Path]) -> bool:
    return not folders.isdisjoint((path.absolute(), *path.absolute().parents))


def _refuse_windows_script(file: ContextFile) -> None:
    content = b"" if file.origin.is_symlink() else file.content
    if content.startswith(b"#!") and b"\r\n" in content:
        raise HeatsinkError(
            f"`{file.origin}` is a script with Windows line ends",
            hint="save the file with Unix line ends, as `dos2unix` does",
        )


def _rootfs_arguments(folder: Path) -> tuple[str, ...]:
    path = folder / ROOTFS
    if not path.is_file():
        return ()
    lines = (line.strip() for line in read(path).text.splitlines())
    return tuple(line for line in lines if line and not line.startswith("#"))


def _content_hash(
    dockerfile: str,
    context: Sequence[ContextFile],
    build_args: Mapping[str, str],
    image_labels: Mapping[str, str],
    parents: Sequence[ImageRecipe],
) -> str:
    """A SHA-256 that changes with everything that determines an image; its sources are labels."""
    digest = hashlib.sha256(dockerfile.encode())
    for file in context:
        digest.update(b"\0" + os.fsencode(file.path) + f"\0{file.mode:o}\0".encode())
        digest.update(hashlib.sha256(file.content).digest())
    for name in sorted(build_args.keys() - PROXIES):
        digest.update(f"\0{name}={build_args[name]}".encode())
    for name in sorted(image_labels):
        digest.update(f"\0{name}\0{image_labels[name]}".encode())
    for parent in parents:
        digest.update(b"\0" + parent.content_hash.encode())
    return digest.hexdigest()
