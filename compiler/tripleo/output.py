"""The rendered tree on disk: written beside its place, and moved there as a whole."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path, PurePosixPath

from compiler.diagnostics import HeatsinkError, reason
from compiler.tripleo.render import Rendering
from compiler.tripleo.tree import TemplateTree


def check(out: Path, tree: TemplateTree) -> None:
    """Raise HeatsinkError unless the folder may be replaced by a rendering of the tree.

    It may be new, empty, or contain only files of an earlier rendering, with any roles.
    """
    place, root = out.resolve(), tree.root.resolve()
    if place.is_relative_to(root):
        raise HeatsinkError(
            f"`{out}` is inside the tree `{tree.root}`", hint="choose a folder outside the tree"
        )
    if out.exists() and not out.is_dir():
        raise HeatsinkError(
            f"`{out}` is not a folder", hint="choose a folder, or a path that does not exist yet"
        )
    if (foreign := next(tree.foreign(_files_below(out)), None)) is not None:
        raise HeatsinkError(
            f"`{out}` contains `{foreign}`, which is not from a rendering of `{tree.root}`",
            hint="choose a new or empty folder, or remove this one first",
        )


def write(rendering: Rendering, out: Path) -> None:
    """Replace the folder by the rendering; until everything is written, it is unchanged."""
    place = out.resolve()
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{place.name}.", dir=place.parent) as workshop:
            new = Path(workshop, "new")
            _fill(new, rendering)
            _swap(new, place, Path(workshop, "old"))
    except OSError as error:
        raise HeatsinkError(
            f"`{error.filename or out}` cannot be copied or written: {reason(error)}",
            hint="free disk space or fix the permissions, and render again; the folder is unchanged",
        ) from None


def _files_below(folder: Path) -> list[PurePosixPath]:
    below = folder.rglob("*")
    return sorted(PurePosixPath(path.relative_to(folder)) for path in below if not path.is_dir())


def _fill(new: Path, rendering: Rendering) -> None:
    for folder in rendering.tree.folders:
        (new / folder).mkdir()
    for path in rendering.copied:
        shutil.copy(rendering.tree.root / path, new / path)
    for path, text in rendering.texts.items():
        (new / path).write_text(text, encoding="utf-8", newline="")


def _swap(new: Path, place: Path, old: Path) -> None:
    """Move the new folder to the place of the old one, or the old one back if that fails."""
    try:
        if place.exists():
            place.rename(old)
        new.rename(place)
    finally:
        if old.exists() and not place.exists():
            old.rename(place)
