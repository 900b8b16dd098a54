"""The tree of images: every folder with a Dockerfile.j2 is an image with the name of the folder."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from compiler.diagnostics import CompileError, HeatsinkError, Problem, closest, reason
from compiler.source import Source, Span

DOCKERFILE = "Dockerfile.j2"
FROM = re.compile(r"^\s*FROM\s+(?:--\S+\s+)*(\S.*?)(?:\s+AS\s+(\S+))?\s*$", re.IGNORECASE | re.MULTILINE)
"""A FROM line of a Dockerfile: its base image, and the name of the stage, if any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """One image of the tree, not yet rendered."""

    name: str
    folder: Path
    source: Source

    @property
    def start(self) -> Span:
        """The place of the base image in its Dockerfile.j2."""
        text = self.source.text
        start = FROM.search(text)
        if start is None:
            return Span(self.source, 1, 1, 1, 1)
        line = text.count("\n", 0, start.start(1)) + 1
        column = start.start(1) - text.rfind("\n", 0, start.start(1))
        return Span(self.source, line, column, line, column + len(start[1]))


def discover(folders: Sequence[Path]) -> dict[str, Image]:
    """All images below the folders by name, sorted; a later folder overrides images of the same name.

    Folders in between only group images: `openvswitch/openvswitch-base/Dockerfile.j2` is `openvswitch-base`.
    Two images of the same name within one folder are an error, because parents are referred to by name.
    """
    images: dict[str, Image] = {}
    for folder in folders:
        images |= _images_below(folder)
    return dict(sorted(images.items()))


def chosen(names: Iterable[str], patterns: Sequence[str]) -> list[str]:
    """The names that match one of the glob patterns; without patterns, all of them.

    Raises HeatsinkError for patterns that match nothing.
    """
    known = sorted(names)
    if not patterns:
        return known
    unmatched = [pattern for pattern in patterns if not any(fnmatchcase(name, pattern) for name in known)]
    if unmatched:
        raise HeatsinkError.of(
            Problem(f"no image matches `{pattern}`", None, closest(pattern, known)) for pattern in unmatched
        )
    return [name for name in known if any(fnmatchcase(name, pattern) for pattern in patterns)]


def with_parents(names: Iterable[str], parents: Mapping[str, Sequence[str]]) -> list[str]:
    """The names and all their ancestors, sorted."""
    wanted: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in wanted:
            wanted.add(name)
            waiting.extend(parents[name])
    return sorted(wanted)


def _images_below(folder: Path) -> dict[str, Image]:
    if not folder.is_dir():
        raise HeatsinkError(f"there is no image folder `{folder}`")
    images: dict[str, Image] = {}
    for image in _read(folder):
        other = images.setdefault(image.name, image)
        if other is not image:
            raise CompileError(
                f"duplicate image `{image.name}`",
                image.start,
                hint=f"the other one is {other.source.name}; rename one of the folders",
            )
    return images


def _read(folder: Path) -> Iterator[Image]:
    for path in sorted(folder.rglob(DOCKERFILE)):
        name = f"{folder.name}/{path.relative_to(folder).as_posix()}"
        try:
            text = path.read_text(encoding="utf-8")
        except OSError as error:
            raise HeatsinkError(f"`{path}` cannot be read: {reason(error)}") from None
        except UnicodeDecodeError:
            raise HeatsinkError(f"`{path}` is not UTF-8 text", hint="save it as UTF-8") from None
        yield Image(name=path.parent.name, folder=path.parent, source=Source(name, text))
