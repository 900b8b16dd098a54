"""Environment files: parameters, and a resource registry whose paths are relative to the file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from compiler import files, schemas, shipped
from compiler.diagnostics import CompileError, closest
from compiler.hot.environment import RESERVED, RESOURCES
from compiler.hot.registry import is_template
from compiler.model.stack import NOTHING, Environment, Registration, Registry, Target, TemplateFile, Tree
from compiler.node import Mapping, Node, Scalar


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
    """One environment file of our own, checked against its schema."""
    root = files.mapping(path, "an environment file")
    schemas.check(root, "environment")
    folder = path.parent.resolve()
    strategies = _section(root, "parameter_merge_strategies")
    return Environment(
        parameters=_section(root, "parameters"),
        parameter_defaults=_section(root, "parameter_defaults"),
        resource_registry=_registry(root.entries.get("resource_registry"), folder, tree),
        strategies={name: str(each.value) for name, each in strategies.items() if isinstance(each, Scalar)},
    )


def _section(root: Mapping, name: str) -> dict[str, Node]:
    node = root.entries.get(name)
    return node.entries if isinstance(node, Mapping) else {}


def _registry(node: Node | None, folder: Path, tree: Tree) -> Registry:
    entries = node.entries if isinstance(node, Mapping) else {}
    resources = entries.get(RESOURCES)
    return Registry(
        types=dict(_types(entries, folder, tree)),
        resources=_resources(resources, folder, tree) if isinstance(resources, Mapping) else None,
    )


def _resources(node: Mapping, folder: Path, tree: Tree) -> dict[str, Registry]:
    """What is said of single resources; a mapping within one is about those of its template."""
    return {
        name: Registry(
            types=dict(_types(each.entries, folder, tree)), resources=_resources(each, folder, tree)
        )
        for name, each in node.entries.items()
        if isinstance(each, Mapping)
    }


def _types(entries: dict[str, Node], folder: Path, tree: Tree) -> Iterator[tuple[str, Registration]]:
    for name, node in entries.items():
        if name not in RESERVED and isinstance(node, Scalar):
            yield name, Registration(target=_target(node, folder, tree), node=node)


def _target(node: Scalar, folder: Path, tree: Tree) -> Target:
    """A path becomes relative to the tree it lies in, so that an operator's file of that name replaces it."""
    if node.value is None:
        return NOTHING
    name = str(node.value)
    if not is_template(name):
        return name
    return template_file(node, folder / name, tree)


def template_file(node: Scalar, path: Path, tree: Tree) -> TemplateFile:
    """The template of that path, in the tree where it lies or in one of its own. Errors show the node."""
    path = Path(os.path.normpath(path))
    for root in tree.roots:
        if path.is_relative_to(root.resolve()):
            return TemplateFile(path=str(path.relative_to(root.resolve())), tree=tree)
    if not path.is_file():
        raise CompileError(
            f"there is no template `{node.value}`", node.span, "paths are relative to the environment file"
        )
    base = Path.cwd() if path.is_relative_to(Path.cwd()) else path.parent
    return TemplateFile(path=str(path.relative_to(base)), tree=Tree(roots=(base, *tree.roots)))
