"""Environment files as Heat and its client take them, whoever wrote them.

Unlike ours, they may have unused sections and unknown strategies, or be empty. Every template that a registry
names must exist, used or not: the client sends them all.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from compiler import files
from compiler.diagnostics import CompileError
from compiler.hot.environment import ACTIONS, BASE_URL, REGISTRY, RESOURCES, SECTIONS, STRATEGIES, UNUSED
from compiler.hot.registry import is_template
from compiler.model.inputs import WHOLE_DISK, Environment, Merge, Registration, Registry, Target, TemplateFile
from compiler.node import Mapping, Node, Scalar, expect_keys, expect_mapping, expect_sequence, is_null, plain
from compiler.node.yaml import Duplicates, parse

_PASSED_OVER = {  # sections that may be any false value of Python
    Merge.SERVER: ("parameters", "parameter_defaults"),
    Merge.CLIENT: ("parameter_defaults", STRATEGIES),
}


def heat_environments(paths: Sequence[Path], how: Merge) -> tuple[Environment, ...]:
    """Environment files in their order, to be merged in that way. Raises CompileError as Heat would refuse.

    Paths of templates are relative to the file that names them, or to its `base_url` (`file:///…/`).
    """
    roots = [(path, _root(path)) for path in paths]
    documents = [(path, root) for path, root in roots if root is not None]
    (_refuse_null_at_last if how is Merge.CLIENT else _refuse_null)([root for _, root in documents])
    return tuple(_environment(root, path.parent.resolve(), how) for path, root in documents)


def _root(path: Path) -> Mapping | None:
    """The sections of a file; None for an empty one."""
    document = parse(files.read(path), Duplicates.LAST)
    if document is None or is_null(document):
        return None
    root = expect_mapping(document, "an environment file")
    expect_keys(root, SECTIONS, "an environment file")
    return root


def _refuse_null(roots: Sequence[Mapping]) -> None:
    for root in roots:
        for name, section in root.entries.items():
            if is_null(section):
                raise _empty(root, name)


def _refuse_null_at_last(roots: Sequence[Mapping]) -> None:
    """A section may be null in one file, as long as another fills it: the client sends what comes of all."""
    last: dict[str, Mapping] = {}
    for root in roots:
        for name, section in root.entries.items():
            if not (is_null(section) and isinstance(last.get(name, root).entries[name], Mapping)):
                last[name] = root
    for name, root in last.items():
        if is_null(root.entries[name]):
            raise _empty(root, name)


def _empty(root: Mapping, name: str) -> CompileError:
    return CompileError(f"the section `{name}` is empty", root.key_span(name), "remove it, or write `{}`")


def _environment(root: Mapping, folder: Path, how: Merge) -> Environment:
    def section(name: str) -> Mapping | None:
        node = root.entries.get(name)
        if node is None or is_null(node) or (name in _PASSED_OVER[how] and not plain(node)):
            return None
        return expect_mapping(node, f"`{name}`")

    def entries(name: str) -> dict[str, Node]:
        found = section(name)
        return {} if found is None else found.entries

    registry = section(REGISTRY)
    unused = ((name, root.entries[name]) for name in UNUSED if name in root.entries)
    _check_sinks(root.entries.get("event_sinks"))
    return Environment(
        parameters=entries("parameters"),
        parameter_defaults=entries("parameter_defaults"),
        resource_registry=Registry() if registry is None else _registry(registry, folder),
        strategies={name: _spelled(strategy) for name, strategy in entries(STRATEGIES).items()},
        unused={name: node for name, node in unused if plain(node)},
    )


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


def _registry(node: Mapping, folder: Path) -> Registry:
    base = _folder(node, folder)
    written = node.entries.get(RESOURCES)
    resources = None if written is None else _resources(written, base)
    return Registry(types=dict(_types(node, base)), resources=resources)


def _resources(node: Node, base: Path | None) -> dict[str, Registry]:
    """Entries for single resources, by name."""
    return {
        name: _resource(expect_mapping(each, f"resource `{name}`"), base)
        for name, each in expect_mapping(node, f"`{RESOURCES}`").entries.items()
    }


def _resource(node: Mapping, base: Path | None) -> Registry:
    """Entries for one resource, and in nested mappings for those of its template, without their files."""
    base = _folder(node, base)
    below = {name: each for name, each in node.entries.items() if isinstance(each, Mapping)}
    return Registry(
        types=dict(_types(node, base)),
        resources={name: _resource(each, None) for name, each in below.items()},
    )


def _folder(node: Mapping, folder: Path | None) -> Path | None:
    """The folder that a registry's paths are relative to; None where no file can be fetched."""
    base = node.entries.get(BASE_URL)
    if base is None:
        return folder
    url = base.value if isinstance(base, Scalar) else None
    return Path(url.removeprefix("file://")) if isinstance(url, str) and url.startswith("file:///") else None


def _types(node: Mapping, base: Path | None) -> Iterator[tuple[str, Registration]]:
    for name, entry in node.entries.items():
        if name in ACTIONS:
            _check_words(name, entry)
        elif name != BASE_URL and not isinstance(entry, Mapping):
            yield name, Registration(target=_target(name, entry, base), node=entry)


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
    path = os.path.normpath(base / node.value.removeprefix("file://"))
    file = TemplateFile(path=path.lstrip("/"), tree=WHOLE_DISK)
    if file.tree.find(file.path) is None:
        raise CompileError(
            f"there is no template `{node.value}`", node.span, "paths are relative to the environment file"
        )
    return file if is_template(node.value) else node.value
