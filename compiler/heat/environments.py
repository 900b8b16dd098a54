"""Environment files as Heat and its client take them, whoever wrote them.

Unlike ours, they may have unused sections and unknown strategies, or be empty. Every template that a registry
names must exist, used or not: the client sends them all.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from compiler import files
from compiler.diagnostics import CompileError, Problem, Report
from compiler.heat.project import whole_disk
from compiler.hot.environment import ACTIONS, BASE_URL, REGISTRY, RESOURCES, SECTIONS, STRATEGIES, UNUSED
from compiler.hot.loader import file_of_url
from compiler.hot.registry import is_template
from compiler.model.inputs import Environment, Merge, Registration, Registry, Target, TemplateFile
from compiler.node import Mapping, Node, Scalar, expect_keys, expect_mapping, expect_sequence, is_null, plain
from compiler.node.yaml import Duplicates, parse

_PASSED_OVER = {  # sections that may be any false value of Python
    Merge.SERVER: ("parameters", "parameter_defaults"),
    Merge.CLIENT: ("parameter_defaults", STRATEGIES),
}


def heat_environments(paths: Sequence[Path], how: Merge, mistakes: Report) -> tuple[Environment, ...]:
    """Environment files in their order, to be merged in that way; those that are empty are left out.

    What Heat would refuse is reported and left out. Paths of templates are relative to the file that names
    them, or to its `base_url` (`file:///…/`).
    """
    roots = [(path, root) for path in paths for root in mistakes.attempt(partial(_root, path))]
    documents = [(path, root) for path, root in roots if root is not None]
    nulls = _nulls_at_last if how is Merge.CLIENT else _nulls
    for root, name in nulls([root for _, root in documents]):
        hint = "remove it, or write `{}`"
        mistakes.error(f"the section `{name}` is empty", root.key_span(name), hint)
    return tuple(_environment(root, path, how, mistakes) for path, root in documents)


def _root(path: Path) -> Mapping | None:
    """The sections of a file; None for an empty one."""
    document = parse(files.read(path), Duplicates.LAST)
    if document is None or is_null(document):
        return None
    return expect_mapping(document, "an environment file")


def _nulls(roots: Sequence[Mapping]) -> Iterator[tuple[Mapping, str]]:
    """Sections that are null."""
    for root in roots:
        yield from ((root, name) for name, section in root.entries.items() if is_null(section))


def _nulls_at_last(roots: Sequence[Mapping]) -> Iterator[tuple[Mapping, str]]:
    """A section may be null in one file, as long as another fills it: the client sends the merged file."""
    last: dict[str, Mapping] = {}
    for root in roots:
        for name, section in root.entries.items():
            if not (is_null(section) and isinstance(last.get(name, root).entries[name], Mapping)):
                last[name] = root
    yield from ((root, name) for name, root in last.items() if is_null(root.entries[name]))


def _environment(root: Mapping, path: Path, how: Merge, mistakes: Report) -> Environment:
    """One file; its mistakes are reported in the order of its text."""
    own = Report()
    environment = _Reader(how, own).environment(root, path.parent.resolve())
    own.errors.sort(key=_line)
    with mistakes.collecting():
        own.check()
    return environment


def _line(problem: Problem) -> tuple[int, int]:
    return (problem.span.line, problem.span.column) if problem.span else (0, 0)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads environments, to be merged in that way; what has a mistake is reported and left out."""

    how: Merge
    mistakes: Report

    def environment(self, root: Mapping, folder: Path) -> Environment:
        """One file, whose paths are relative to a folder."""
        with self.mistakes.collecting():
            expect_keys(root, SECTIONS, "an environment file")
        registry = self._section(root, REGISTRY)
        strategies = self._entries(root, STRATEGIES)
        unused = ((name, root.entries[name]) for name in UNUSED if name in root.entries)
        with self.mistakes.collecting():
            _check_sinks(root.entries.get("event_sinks"))
        return Environment(
            parameters=self._entries(root, "parameters"),
            parameter_defaults=self._entries(root, "parameter_defaults"),
            resource_registry=Registry() if registry is None else self._registry(registry, folder),
            strategies={name: _spelled(strategy) for name, strategy in strategies.items()},
            unused={name: node for name, node in unused if plain(node)},
        )

    def _section(self, root: Mapping, name: str) -> Mapping | None:
        node = root.entries.get(name)
        if node is None or is_null(node) or (name in _PASSED_OVER[self.how] and not plain(node)):
            return None
        return next(self.mistakes.attempt(partial(expect_mapping, node, f"`{name}`")), None)

    def _entries(self, root: Mapping, name: str) -> dict[str, Node]:
        section = self._section(root, name)
        return {} if section is None else section.entries

    def _registry(self, node: Mapping, folder: Path) -> Registry:
        base = _folder(node, folder)
        written = node.entries.get(RESOURCES)
        resources = None if written is None else self._resources(written, base)
        types = {name: entry for name, entry in node.entries.items() if name != RESOURCES}
        return Registry(types=dict(self._types(types, base)), resources=resources)

    def _resources(self, node: Node, base: Path | None) -> dict[str, Registry]:
        """Entries for single resources, by name."""
        return {
            name: self._resource(entries, base)
            for section in self.mistakes.attempt(partial(expect_mapping, node, f"`{RESOURCES}`"))
            for name, written in section.entries.items()
            for entries in self.mistakes.attempt(partial(expect_mapping, written, f"resource `{name}`"))
        }

    def _resource(self, node: Mapping, base: Path | None) -> Registry:
        """Entries for one resource, and in nested mappings for those of its template, without their files."""
        base = _folder(node, base)
        below = {name: written for name, written in node.entries.items() if isinstance(written, Mapping)}
        return Registry(
            types=dict(self._types(node.entries, base)),
            resources={name: self._resource(written, None) for name, written in below.items()},
        )

    def _types(self, entries: dict[str, Node], base: Path | None) -> Iterator[tuple[str, Registration]]:
        for name, entry in entries.items():
            if name in ACTIONS:
                with self.mistakes.collecting():
                    _check_words(name, entry)
            elif name != BASE_URL and not isinstance(entry, Mapping):
                for target in self.mistakes.attempt(partial(_target, name, entry, base)):
                    yield name, Registration(target=target, node=entry)


def _folder(node: Mapping, folder: Path | None) -> Path | None:
    """The folder that a registry's paths are relative to; None where no file can be fetched."""
    base = node.entries.get(BASE_URL)
    if base is None:
        return folder
    url = base.value if isinstance(base, Scalar) else None
    return Path(url.removeprefix("file://")) if isinstance(url, str) and url.startswith("file:///") else None


def _check_sinks(node: Node | None) -> None:
    """Refuse event sinks but for the one type that Heat supports, a Zaqar queue."""
    if node is None or is_null(node) or not plain(node):
        return
    for sink in expect_sequence(node, "`event_sinks`").items:
        entries = expect_mapping(sink, "an event sink").entries
        kind = entries.get("type")
        if not isinstance(kind, Scalar) or kind.value != "zaqar-queue" or "target" not in entries:
            raise CompileError(
                "an event sink must have the type `zaqar-queue` and a `target`",
                sink.span,
                "no other type is supported",
            )


def _spelled(strategy: Node) -> str:
    value = plain(strategy)
    return value if isinstance(value, str) else json.dumps(value)


def _check_words(name: str, node: Node) -> None:
    value = plain(node)
    for word in value if isinstance(value, list) else [value]:
        if word not in ACTIONS[name]:
            known = ", ".join(ACTIONS[name])
            raise CompileError(f"`{name}` cannot be `{word}`", node.span, f"use one of {known}")


def _target(name: str, node: Node, base: Path | None) -> Target:
    """What an entry maps to: the name of a type, which has `::` in it, or a file."""
    if not isinstance(node, Scalar) or not isinstance(node.value, str):
        raise CompileError(
            f"`{name}` must be a string, not {node.kind}", node.span, "use `OS::Heat::None` to disable it"
        )
    if "::" in node.value:
        return node.value
    if base is None:
        raise CompileError(
            f"the template `{node.value}` cannot be fetched",
            node.span,
            f"`{BASE_URL}` must be a `file:///` URL; files for resources within a resource are never fetched",
        )
    path = file_of_url(base, node.value, node)
    file = TemplateFile(path=str(path.relative_to("/")), tree=whole_disk())
    if file.tree.find(file.path) is None:
        raise CompileError(
            f"there is no template `{node.value}`", node.span, "paths are relative to the environment file"
        )
    return file if is_template(node.value) else node.value
