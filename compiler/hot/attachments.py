"""The files that Heat's client sends with a template: every file that it names, used or not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from compiler.diagnostics import Report
from compiler.hot.loader import TemplateLoader, beside, inside
from compiler.hot.registry import is_template
from compiler.hot.template import Template
from compiler.model.inputs import Registry, TemplateFile
from compiler.node import Mapping, Node, Scalar, walk


def named_templates(loader: TemplateLoader, template: Template, mistakes: Report) -> Iterator[Template]:
    """The template, and every template that it names with `type`, and so on.

    Names of files that do not exist, those of `get_file` included, and broken templates are reported.
    """
    seen: set[Path] = set()
    waiting = [template]
    while waiting:
        here = waiting.pop()
        yield here
        for key, node, path in _named(here):
            with mistakes.collecting():
                file = inside(here.tree, path, node)
                if key == "type" and file not in seen:
                    seen.add(file)
                    waiting.append(loader.template(here.tree, path, node))


def _named(template: Template) -> Iterator[tuple[str, Node, str]]:
    """Every key, value and path under which a template names a file."""
    for node in walk(template.root):
        for key in ("get_file", "type"):
            written = node.entries.get(key) if isinstance(node, Mapping) else None
            path = written.value if isinstance(written, Scalar) else None
            if written is not None and isinstance(path, str) and (key == "get_file" or is_template(path)):
                yield key, written, beside(template, path, written)


def registered_files(registry: Registry) -> Iterator[tuple[TemplateFile, Node]]:
    """Every template that a registry names, with its place."""
    for each in registry.types.values():
        if isinstance(each.target, TemplateFile):
            yield each.target, each.node
    for below in (registry.resources or {}).values():
        yield from registered_files(below)
