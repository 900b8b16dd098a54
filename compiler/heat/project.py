"""What Heat's tools know of the folder they run in: `templates/` over the library, as for `compile`."""

from __future__ import annotations

from pathlib import Path

from compiler import shipped
from compiler.diagnostics import Report
from compiler.model.inputs import Registry, Tree
from compiler.stages.load import environments
from compiler.stages.load.inputs import REGISTRY, template_tree


def whole_disk() -> Tree:
    """Every file, as for Heat's client, and for what `templates/` lacks the file of the library."""
    return Tree(roots=(Path("/"),), library=(Path("templates").absolute(), shipped.folder("templates")))


def registry() -> Registry:
    """The registry of `templates/`, else the library's. Raises CompileError if it is not valid."""
    tree = template_tree(None, Report())
    path = tree.find(REGISTRY)
    return Registry() if path is None else environments.environment(path, tree).resource_registry
