"""Environment files: parameters, and a resource registry whose paths are relative to the file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from compiler import files, schemas, shipped
from compiler.diagnostics import CompileError, Report, closest
from compiler.hot.environment import RESERVED, RESOURCES
from compiler.hot.registry import is_template
from compiler.model.inputs import (
    NOTHING,
    Environment,
    Registration,
    Registry,
    Target,
    TemplateFile,
    Tree,
    is_file,
)
from compiler.node import Mapping, Node, Scalar, expect_mapping, is_null
from compiler.node.yaml import parse


def find(name: str) -> Path:
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
    """One environment file of our own, checked against its schema; an empty one sets nothing.

    Raises CompileError with every mistake.
    """
    document = parse(files.read(path))
    if document is None or is_null(document):
        return Environment()
    root = expect_mapping(document, "an environment file")
    schemas.check(root, "environment")
    strategies = _section(root, "parameter_merge_strategies")
    reader = _RegistryReader(path.parent.resolve(), tree)
    registry = reader.registry(root.entries.get("resource_registry"))
    reader.mistakes.check()
    return Environment(
        parameters=_section(root, "parameters"),
        parameter_defaults=_section(root, "parameter_defaults"),
        resource_registry=registry,
        strategies={name: str(each.value) for name, each in strategies.items() if isinstance(each, Scalar)},
    )


def _section(root: Mapping, name: str) -> dict[str, Node]:
    node = root.entries.get(name)
    return node.entries if isinstance(node, Mapping) else {}


@dataclass(frozen=True, slots=True)
class _RegistryReader:
    """Reads a resource registry whose paths are relative to a folder; entries with mistakes are left out."""

    folder: Path
    tree: Tree
    mistakes: Report = field(default_factory=Report)

    def registry(self, node: Node | None) -> Registry:
        """The section `resource_registry`."""
        entries = node.entries if isinstance(node, Mapping) else {}
        resources = entries.get(RESOURCES)
        return Registry(
            types=dict(self._types(entries)),
            resources=self._resources(resources) if isinstance(resources, Mapping) else None,
        )

    def _resources(self, node: Mapping) -> dict[str, Registry]:
        """Entries for single resources; a nested mapping is for the resources of that one's template."""
        return {
            name: Registry(types=dict(self._types(each.entries)), resources=self._resources(each))
            for name, each in node.entries.items()
            if isinstance(each, Mapping)
        }

    def _types(self, entries: dict[str, Node]) -> Iterator[tuple[str, Registration]]:
        for name, node in entries.items():
            if name not in RESERVED and isinstance(node, Scalar):
                for target in self.mistakes.attempt(partial(_target, node, self.folder, self.tree)):
                    yield name, Registration(target=target, node=node)


def _target(node: Scalar, folder: Path, tree: Tree) -> Target:
    """A path relative to the tree that it lies in, so that an operator's file of that name replaces it."""
    if node.value is None:
        return NOTHING
    name = str(node.value)
    if not is_template(name):
        return name
    return _template_file(node, folder / name, tree)


def _template_file(node: Scalar, path: Path, tree: Tree) -> TemplateFile:
    """The template of that path, in the tree where it lies or in one of its own. Errors show the node."""
    path = Path(os.path.normpath(path))
    for root in tree.roots:
        if path.is_relative_to(root.resolve()):
            return TemplateFile(path=str(path.relative_to(root.resolve())), tree=tree)
    if not is_file(path):
        raise CompileError(
            f"there is no template `{node.value}`", node.span, "paths are relative to the environment file"
        )
    base = Path.cwd() if path.is_relative_to(Path.cwd()) else path.parent
    return TemplateFile(path=str(path.relative_to(base)), tree=Tree(roots=(base, *tree.roots)))
