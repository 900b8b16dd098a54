"""Which files are read, and what is kept of a template after it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

from compiler import files
from compiler.diagnostics import CompileError, HeatsinkError
from compiler.heat.lint.expressions import Expression, expressions
from compiler.heat.opening import HeatOpening
from compiler.hot.environment import DEFAULTS, REGISTRY, SECTIONS
from compiler.hot.functions import known
from compiler.hot.registry import is_template
from compiler.hot.scope import Names
from compiler.hot.versions import VERSIONS, Version
from compiler.model.service import BY_SERVICE
from compiler.node import Mapping, Node, Scalar, Sequence, mapping_of, walk
from compiler.node.yaml import Repeated
from compiler.source import Span

_VERSION = "heat_template_version"
_OF_HEAT = re.compile(rf"^({_VERSION}|{DEFAULTS}|{REGISTRY}):", re.MULTILINE)
_TYPE = re.compile(r"\w+(::\w+)+")
_JINJA = ".j2.yaml"
_KEY = re.compile(r"^\s*(?:- )?(\w+):", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Document:
    """One file as Heat's client reads it: a template, an environment, or neither."""

    path: Path
    root: Mapping
    repeated: tuple[Repeated, ...]

    @property
    def is_template(self) -> bool:
        """Whether it is a HOT template."""
        return _VERSION in self.root.entries

    @property
    def is_environment(self) -> bool:
        """Whether it is an environment: it has only sections of an environment."""
        keys = self.root.entries.keys()
        return bool(keys) and keys <= SECTIONS

    @property
    def version(self) -> Version | None:
        """The version of a template; None for an unknown one."""
        node = self.root.entries.get(_VERSION)
        value = node.value if isinstance(node, Scalar) else None
        return VERSIONS.get(value) if isinstance(value, str) else None

    def section(self, name: str) -> dict[str, Node]:
        """The entries of a section; none if it is missing or not a mapping."""
        node = self.root.entries.get(name)
        return node.entries if isinstance(node, Mapping) else {}

    def place(self, section: str, key: str) -> Span:
        """Where a key of a section was written."""
        node = self.root.entries[section]
        assert isinstance(node, Mapping)
        return node.key_span(key)

    @cached_property
    def expressions(self) -> tuple[Expression, ...]:
        """Every mapping in which Heat looks for calls."""
        return () if self.version is None else tuple(expressions(self.root, self.version))

    @cached_property
    def declared(self) -> dict[str, str]:
        """The type of each parameter that a template declares."""
        return {name: _type(node) for name, node in self.section("parameters").items()}


def _type(declaration: Node) -> str:
    node = declaration.entries.get("type") if isinstance(declaration, Mapping) else None
    return str(node.value) if isinstance(node, Scalar) else ""


def document(path: Path) -> Document | None:
    """The document in a file; None if Heat does not read it as YAML.

    Raises CompileError for a template or an environment that is broken.
    """
    repeated: list[Repeated] = []
    try:
        root = HeatOpening(repeated=repeated).document(path)
    except CompileError:
        if _OF_HEAT.search(files.read(path).text):
            raise
        return None
    mapping = root if isinstance(root, Mapping) else mapping_of({}, root)
    return Document(path=path, root=mapping, repeated=tuple(repeated))


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """The files below some paths: those to check, and Jinja templates, of which only keys are known."""

    files: tuple[Path, ...]
    jinja: tuple[Path, ...]


def listing(paths: Iterable[Path]) -> Listing:
    """Every `*.yaml` in the folders, and the named files.

    Raises HeatsinkError for a path that does not exist.
    """
    found = [file for path in paths for file in _below(path)]
    unique = tuple(dict.fromkeys(found))
    return Listing(
        files=tuple(path for path in unique if not path.name.endswith(_JINJA)),
        jinja=tuple(path for path in unique if path.name.endswith(_JINJA)),
    )


def _below(path: Path) -> Iterator[Path]:
    if path.is_dir():
        for folder, folders, names in os.walk(path):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            yield from (Path(folder, name) for name in sorted(names) if name.endswith(".yaml"))
    elif path.is_file():
        yield path
    else:
        raise HeatsinkError(f"`{files.short_name(path)}` does not exist", hint="name a template or a folder")


def keys(paths: Iterable[Path]) -> frozenset[str]:
    """What looks like a key in files that are not YAML, such as Jinja templates."""
    return frozenset(key for path in paths for key in _KEY.findall(_text(path)))


def _text(path: Path) -> str:
    try:
        return files.read(path).text
    except CompileError:
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """What other templates need to know about a template."""

    path: Path
    declared: dict[str, str]  # the type of each parameter
    unread: dict[str, Span]  # parameters that no call in it reads, and where they are declared
    passed: frozenset[str]  # properties of its resources
    types: frozenset[str]  # what may be the name of a resource type
    templates: tuple[Path, ...]  # that it names
    resources: frozenset[str]
    services: frozenset[str | None]  # names that it gives to services; None: a computed one
    asked: tuple[Scalar, ...]  # services that it asks for by name


def signature(document: Document) -> Signature:
    """What other templates need to know about a template."""
    strings = {node.value for node in walk(document.root) if isinstance(node, Scalar) and _is_text(node)}
    read = _read(document) | (strings if _has_dynamic_name(document) else set())
    return Signature(
        path=document.path,
        declared=document.declared,
        unread={name: document.place("parameters", name) for name in document.declared if name not in read},
        passed=frozenset(_passed(document)),
        types=type_names(strings),
        templates=tuple(sorted({document.path.parent / path for path in _templates(document)})),
        resources=frozenset(document.section("resources")),
        services=frozenset(_services(document)),
        asked=tuple(_asked(document)),
    )


def type_names(strings: Iterable[object]) -> frozenset[str]:
    """The strings that may be the name of a resource type."""
    return frozenset(text for text in strings if isinstance(text, str) and _TYPE.fullmatch(text))


def _services(document: Document) -> Iterator[str | None]:
    for node in walk(document.root):
        name = node.entries.get("service_name") if isinstance(node, Mapping) else None
        if name is not None:
            yield str(name.value) if isinstance(name, Scalar) else None


def _asked(document: Document) -> Iterator[Scalar]:
    """The literal names of services in paths of the parameters that have a value for each service."""
    for expression in document.expressions:
        path = expression.argument if expression.is_call and expression.name == "get_param" else None
        if isinstance(path, Sequence) and len(path.items) > 1:
            fact, name = path.items[:2]
            if isinstance(fact, Scalar) and fact.value in BY_SERVICE and isinstance(name, Scalar):
                yield name


def _is_text(node: Scalar) -> bool:
    return isinstance(node.value, str)


def _parameter_names(document: Document) -> Iterator[Node]:
    """The names of parameters that every `get_param` and the like of a template reads, called or not."""
    for expression in document.expressions:
        for name, names in _reading().items():
            argument = expression.node.entries.get(name)
            if argument is not None:
                yield from names.operands(argument)


@lru_cache
def _reading() -> dict[str, Names]:
    """The functions that take the name of a parameter."""
    rows = known().values()
    return {row.name: row.names for row in rows if row.names and "parameters" in row.names.sections}


def _read(document: Document) -> set[object]:
    return {node.value for node in _parameter_names(document) if isinstance(node, Scalar)}


def _has_dynamic_name(document: Document) -> bool:
    return any(not isinstance(node, Scalar) for node in _parameter_names(document))


def _passed(document: Document) -> Iterator[str]:
    """Properties of a resource, and those that it passes to its members."""
    for resource in document.section("resources").values():
        properties = _within(resource, "properties")
        yield from properties
        yield from _within(properties.get("resource_properties"))
        yield from _within(properties.get("resource_def"), "properties")


def _within(node: Node | None, *path: str) -> dict[str, Node]:
    for key in path:
        node = node.entries.get(key) if isinstance(node, Mapping) else None
    return node.entries if isinstance(node, Mapping) else {}


def _templates(document: Document) -> Iterator[str]:
    for node in walk(document.root):
        written = node.entries.get("type") if isinstance(node, Mapping) else None
        kind = written.value if isinstance(written, Scalar) else None
        if isinstance(kind, str) and is_template(kind):
            yield kind
