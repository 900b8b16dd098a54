"""Patches that a build applies in the image, in order.

patches:
  - {file: fix-login.patch, directory: /usr/lib/python3/dist-packages}
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from compiler.diagnostics import CompileError, Problem
from compiler.files import read
from compiler.node import Mapping as MappingNode
from compiler.node import Node, Scalar, children
from compiler.source import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """A file in the format of `diff -u`, as git writes it, and the folder in the image that it changes."""

    file: Path
    directory: str
    span: Span

    @property
    def path(self) -> str:
        """The file in the build context."""
        return f"patches/{self.file.name}"

    def variables(self) -> dict[str, str]:
        """What a Dockerfile.j2 sees of it. Raises CompileError if the file cannot be read."""
        try:
            content = read(self.file).text.encode()
        except CompileError as error:
            raise error.at(self.span) from None
        sha256 = hashlib.sha256(content).hexdigest()
        return {"name": self.file.name, "directory": self.directory, "sha256": sha256}


def patches(section: Node | None, folder: Path) -> tuple[Patch, ...]:
    """The patches of a valid `patches`, whose files are relative to the folder."""
    return tuple(_patches(section, folder))


def check_patches(series: Sequence[Patch], dockerfile: str) -> None:
    """Raise CompileError with patches of the same name, or that a rendered Dockerfile does not apply."""
    problems = [*_duplicates(series), *_unused(series, dockerfile)]
    if problems:
        raise CompileError.of(problems)


def _patches(section: Node | None, folder: Path) -> Iterator[Patch]:
    for item in children(section) if section else ():
        assert isinstance(item, MappingNode)
        file, directory = item.entries["file"], item.entries.get("directory")
        assert isinstance(file, Scalar)
        changed = str(directory.value) if isinstance(directory, Scalar) else "/"
        yield Patch(file=folder.absolute() / str(file.value), directory=changed, span=file.span)


def _duplicates(series: Sequence[Patch]) -> Iterator[Problem]:
    first: dict[str, Patch] = {}
    for patch in series:
        other = first.setdefault(patch.file.name, patch)
        if other is not patch:
            yield Problem(
                f"duplicate patch `{patch.file.name}`", patch.span, f"the other one is at {other.span}"
            )


def _unused(series: Sequence[Patch], dockerfile: str) -> Iterator[Problem]:
    if "patches/" not in dockerfile:
        for patch in series:
            hint = "add `{{ apply_patches(image_name, patches) }}` to it, from `macros.j2`"
            yield Problem(f"the Dockerfile does not apply patch `{patch.file.name}`", patch.span, hint)
