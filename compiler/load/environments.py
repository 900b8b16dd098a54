"""Environment files: parameters, and a resource registry whose paths are relative to the file."""

from __future__ import annotations

import os
from pathlib import Path

from compiler import schemas, shipped
from compiler.diagnostics import CompileError, closest
from compiler.load import files
from compiler.model.stack import Environment, Registration, Tree
from compiler.node import Mapping, Node, Scalar

_TEMPLATE_ENDINGS = (".yaml", ".yml", ".template")


def found(name: str) -> Path:
    """The file that `-e NAME` means: one of the operator's, else one of the shipped library's."""
    path = Path(name)
    library = shipped.folder("environments")
    candidates = [path] if path.is_absolute() else [path, library / path, library.parent / path]
    for candidate in candidates:
        if candidate.exists():
            return candidate
    known = sorted(file.name for file in library.glob("*.yaml"))
    hint = closest(name, known) or f"the library has {', '.join(known)}"
    raise CompileError(f"there is no environment file `{name}`", hint=hint)


def environment(path: Path, tree: Tree) -> Environment:
    """One environment file, checked against its schema."""
    root = files.mapping(path, "an environment file")
    schemas.check(root, "environment")
    folder = path.parent.resolve()
    return Environment(
        parameters=_section(root, "parameters"),
        parameter_defaults=_section(root, "parameter_defaults"),
        resource_registry={
            alias: _registration(target, folder, tree)
            for alias, target in _section(root, "resource_registry").items()
            if isinstance(target, Scalar)
        },
        strategies={
            name: str(strategy.value)
            for name, strategy in _section(root, "parameter_merge_strategies").items()
            if isinstance(strategy, Scalar)
        },
    )


def _section(root: Mapping, name: str) -> dict[str, Node]:
    node = root.entries.get(name)
    return node.entries if isinstance(node, Mapping) else {}


def _registration(node: Scalar, folder: Path, tree: Tree) -> Registration:
    """A path becomes relative to the tree it lies in, so that an operator's file of that name replaces it."""
    target = node.value
    if target is None or target == "OS::Heat::None":
        return Registration(target=None, tree=tree, node=node)
    if not str(target).endswith(_TEMPLATE_ENDINGS):
        return Registration(target=str(target), tree=tree, node=node)
    path = Path(os.path.normpath(folder / str(target)))
    for root in tree.roots:
        if path.is_relative_to(root.resolve()):
            return Registration(target=str(path.relative_to(root.resolve())), tree=tree, node=node)
    if not path.is_file():
        raise CompileError(
            f"there is no template `{target}`", node.span, "paths are relative to the environment file"
        )
    base = Path.cwd() if path.is_relative_to(Path.cwd()) else path.parent
    own = Tree(roots=(base, *tree.roots))
    return Registration(target=str(path.relative_to(base)), tree=own, node=node)
