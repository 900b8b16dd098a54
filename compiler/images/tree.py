"""The tree of images: every folder with a Dockerfile.j2 is an image with the name of the folder."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NoReturn

from compiler.diagnostics import CompileError, HeatsinkError, Problem, closest, reason
from compiler.source import Source, Span

DOCKERFILE = "Dockerfile.j2"
ROOTFS = "mmdebstrap"
"""The file in an image's folder with the mmdebstrap arguments for its `rootfs.tar`, one per line."""

FROM = re.compile(r"^\s*FROM\s+(?:--\S+\s+)*(\S.*?)(?:\s+AS\s+(\S+))?\s*$", re.IGNORECASE | re.MULTILINE)
"""A FROM line of a Dockerfile: its base image, and the name of the stage, if any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """One image of the tree, neither read nor rendered."""

    name: str
    folder: Path
    tree: Path
    """The folder of all images that it is in."""
    shown: str
    """The path of its Dockerfile.j2 in messages."""
    duplicate: Image | None = None
    """Another image of the same name in its tree."""

    @property
    def source(self) -> Source:
        """Its Dockerfile.j2. Raises HeatsinkError if it cannot be read."""
        path = self.folder / DOCKERFILE
        try:
            return Source(self.shown, path.read_text(encoding="utf-8"))
        except OSError as error:
            raise HeatsinkError(f"`{path}` cannot be read: {reason(error)}") from None
        except UnicodeDecodeError:
            raise HeatsinkError(f"`{path}` is not UTF-8 text", hint="save it as UTF-8") from None

    @property
    def has_rootfs(self) -> bool:
        """Whether a root file system is built for it."""
        return (self.folder / ROOTFS).is_file()

    @property
    def start(self) -> Span:
        """The place of the base image in its Dockerfile.j2."""
        source = self.source
        start = FROM.search(source.text)
        return _span(source, *start.span(1)) if start else Span(source, 1, 1, 1, 1)

    def check_name(self) -> None:
        """Raise CompileError if its tree has two images of its name, as parents are referred to by name."""
        if self.duplicate:
            raise CompileError(
                f"duplicate image `{self.name}`",
                self.duplicate.start,
                hint=f"the other one is {self.shown}; rename one of the folders",
            )

    def place_of(self, parent: str) -> Span:
        """The place in its Dockerfile.j2 that names a parent."""
        name = re.escape(parent)
        return self.place(rf"""parent\(\s*["']{name}["']\s*\)|(?<=/){name}(?=:)""")

    def place(self, pattern: str) -> Span:
        """The place in its Dockerfile.j2 that a pattern matches; that of the base image if none does."""
        source = self.source
        match = re.search(pattern, source.text)
        return _span(source, *match.span()) if match else self.start


def discover(folders: Sequence[Path]) -> dict[str, Image]:
    """All images below the folders by name, sorted; a later folder overrides images of the same name.

    Folders in between only group images: `openvswitch/openvswitch-base/Dockerfile.j2` is `openvswitch-base`.
    Two images of the same name within one folder are one, with a `duplicate`.
    """
    images: dict[str, Image] = {}
    for folder in folders:
        images |= _images_below(folder)
    return dict(sorted(images.items()))


def chosen(names: Iterable[str], patterns: Sequence[str], kind: str = "image") -> list[str]:
    """The names that match one of the glob patterns; without patterns, all of them.

    Raises HeatsinkError for patterns that match nothing, which calls the names' images `kind`.
    """
    known = sorted(names)
    if not patterns:
        return known
    unmatched = [pattern for pattern in patterns if not any(fnmatchcase(name, pattern) for name in known)]
    if unmatched:
        raise HeatsinkError.of(
            Problem(f"no {kind} matches `{pattern}`", None, closest(pattern, known)) for pattern in unmatched
        )
    return [name for name in known if any(fnmatchcase(name, pattern) for pattern in patterns)]


def paths_below(folder: Path) -> Iterator[Path]:
    """All files, links and folders below a folder. Raises HeatsinkError for a folder that cannot be read."""
    for above, folders, names in os.walk(folder, onerror=_refuse):
        yield from (Path(above, name) for name in (*folders, *names))


def _refuse(error: OSError) -> NoReturn:
    raise HeatsinkError(f"`{error.filename}` cannot be read: {reason(error)}") from None


def _images_below(folder: Path) -> dict[str, Image]:
    if not folder.is_dir():
        raise HeatsinkError(f"there is no image folder `{folder}`")
    images: dict[str, Image] = {}
    for image in _below(folder):
        first = images.setdefault(image.name, image)
        if first is not image:
            images[image.name] = replace(first, duplicate=image)
    return images


def _below(folder: Path) -> Iterator[Image]:
    for path in sorted(folder.rglob(DOCKERFILE)):
        shown = f"{folder.name}/{path.relative_to(folder).as_posix()}"
        yield Image(name=path.parent.name, folder=path.parent, tree=folder, shown=shown)


def _span(source: Source, start: int, end: int) -> Span:
    """The place of a piece of one line of a source."""
    line = source.text.count("\n", 0, start) + 1
    column = start - source.text.rfind("\n", 0, start)
    return Span(source, line, column, line, column + end - start)
