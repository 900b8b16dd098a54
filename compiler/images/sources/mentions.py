"""Whether the Dockerfile of an image unpacks all its sources, and no others."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterator, Sequence

from compiler.diagnostics import CompileError, Problem, closest
from compiler.images.sources.entry import ImageSource
from compiler.source import Span

_ARCHIVE = re.compile(r"(?<![\w/.-])sources/([\w.-]+)\.tar(?![\w.-])")
_ALL = re.compile(r"(?<![\w/.-])sources/?(?=\s)")


def check_mentions(
    dockerfile: str, sources: Sequence[ImageSource], place: Callable[[str], Span], own_files: Container[str]
) -> None:
    """Raise CompileError with the sources that a rendered Dockerfile does not unpack, or that it lacks.

    `own_files` are the paths in the image's folder, `place` finds a pattern in its template.
    """
    problems = [*_unused(dockerfile, sources), *_unknown(dockerfile, sources, place, own_files)]
    if problems:
        raise CompileError.of(problems)


def _unused(dockerfile: str, sources: Sequence[ImageSource]) -> Iterator[Problem]:
    used = set(_ARCHIVE.findall(dockerfile))
    for source in sources:
        if source.name not in used and not _ALL.search(dockerfile):
            yield Problem(
                f"the Dockerfile does not unpack source `{source.name}`",
                source.span,
                f"add `ADD {source.path} /some/folder/` to it, or fill a block with that",
            )


def _unknown(
    dockerfile: str, sources: Sequence[ImageSource], place: Callable[[str], Span], own_files: Container[str]
) -> Iterator[Problem]:
    names = {source.name for source in sources}
    for name in sorted(set(_ARCHIVE.findall(dockerfile)) - names):
        path = f"sources/{name}.tar"
        if path not in own_files:
            message = f"the Dockerfile unpacks source `{name}`, which the image does not have"
            yield Problem(
                message, place(re.escape(path)), closest(name, names) or "add it to `sources` in `image.yaml`"
            )
