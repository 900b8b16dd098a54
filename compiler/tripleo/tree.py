"""The content of a tree: folders, templates to render, files to copy."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import NoReturn

from compiler import files
from compiler.diagnostics import CompileError, HeatsinkError, reason
from compiler.node import Scalar, expect_mapping, expect_sequence
from compiler.node.yaml import Duplicates, parse

ONCE = ".j2.yaml"
FOR_EACH_ROLE = ".role.j2.yaml"
FOR_EACH_NETWORK = ".network.j2.yaml"
EXCLUDES = "j2_excludes.yaml"
TOOL = "tools/process-templates.py"


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateTree:
    """The folders and files of a tree by their paths below its root, sorted, without hidden ones."""

    root: Path
    folders: tuple[PurePosixPath, ...]
    templates: tuple[PurePosixPath, ...]
    files: tuple[PurePosixPath, ...]
    links: tuple[PurePosixPath, ...]  # to folders, which are not followed
    excluded: frozenset[PurePosixPath]  # paths that templates for roles or networks must not create

    def foreign(self, paths: Iterable[PurePosixPath]) -> Iterator[PurePosixPath]:
        """The paths that cannot be from a rendering of this tree, with any roles and networks."""
        once = {path.with_name(path.name.replace(ONCE, ".yaml")) for path in self.templates}
        known = once.union(self.files)
        repeated = {path.parent for path in self.templates if path.name.endswith(_REPEATED)}
        for path in paths:
            named = path.parent in repeated and path.suffix == ".yaml" and not path.name.endswith(ONCE)
            if path not in known and not named:
                yield path


_REPEATED = (FOR_EACH_ROLE, FOR_EACH_NETWORK)


def listing(root: Path) -> TemplateTree:
    """The content of a folder. Raises HeatsinkError if it cannot be read."""
    if not root.is_dir():
        raise HeatsinkError(f"there is no folder `{root}`", hint="pass a tripleo-heat-templates tree")
    folders, paths, links = [], [], []
    for folder, below, names in os.walk(root, onerror=_unreadable):
        here = PurePosixPath(Path(folder).relative_to(root))
        below[:] = sorted(_visible(below))
        folders.append(here)
        paths += [here / name for name in sorted(_visible(names))]
        links += [here / name for name in below if Path(folder, name).is_symlink()]
    return TemplateTree(
        root=root,
        folders=tuple(folders),
        templates=tuple(path for path in paths if path.name.endswith(ONCE)),
        files=tuple(path for path in paths if not path.name.endswith(ONCE)),
        links=tuple(links),
        excluded=_excluded(root / EXCLUDES),
    )


def _visible(names: list[str]) -> list[str]:
    return [name for name in names if not name.startswith(".")]


def _unreadable(error: OSError) -> NoReturn:
    raise HeatsinkError(f"`{error.filename}` cannot be read: {reason(error)}", hint="check its permissions")


def _excluded(path: Path) -> frozenset[PurePosixPath]:
    """The paths in `name: [puppet/compute-role.yaml]`; upstream's file lists none."""
    root = parse(files.read(path), Duplicates.LAST) if path.is_file() else None
    if root is None:
        return frozenset()
    names = expect_mapping(root, f"`{EXCLUDES}`").entries.get("name")
    if names is None or (isinstance(names, Scalar) and names.value is None):
        return frozenset()
    items = expect_sequence(names, f"`name` of `{EXCLUDES}`").items
    if wrong := next((item for item in items if not isinstance(item, Scalar)), None):
        raise CompileError(f"a path must be a string, not {wrong.kind}", wrong.span)
    return frozenset(PurePosixPath(str(item.value)) for item in items if isinstance(item, Scalar))
