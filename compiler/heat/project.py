"""What Heat's tools know of the folder they run in: `templates/` over the library, as for `compile`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from compiler import shipped
from compiler.diagnostics import Report
from compiler.heat.opening import HeatOpening
from compiler.model.inputs import Registry, Tree
from compiler.node import Node
from compiler.stages.load import environments, roles
from compiler.stages.load.inputs import HOSTS, REGISTRY, template_tree


def whole_disk() -> Tree:
    """Every file, as for Heat's client, and for what `templates/` lacks the file of the library."""
    return Tree(roots=(Path("/"),), library=(Path("templates").absolute(), shipped.folder("templates")))


def registry() -> Registry:
    """The registry of `templates/`, else the library's. Raises CompileError if it is not valid."""
    tree = template_tree(None, Report())
    path = tree.find(REGISTRY)
    return Registry() if path is None else environments.environment(path, tree).resource_registry


def role_names() -> frozenset[str]:
    """The roles in `roles/` and in the library."""
    return frozenset(roles.available(None))


def role_documents() -> Iterator[Node]:
    """The files of roles and the hosts file, as far as they can be read: both may name services."""
    opening, mistakes = HeatOpening(), Report()
    for path in (*roles.available(None).values(), Path(HOSTS)):
        if path.is_file():
            with mistakes.collecting():
                yield opening.document(path)
