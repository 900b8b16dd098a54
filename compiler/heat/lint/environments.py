"""Rules about environments together with all templates."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property

from compiler.diagnostics import CompileError, Problem, closest
from compiler.heat.lint.documents import Document, Signature
from compiler.heat.lint.values import respelt
from compiler.hot.environment import (
    ALL_STRATEGIES,
    DEFAULT_STRATEGY,
    DEFAULTS,
    PARAMETERS,
    REGISTRY,
    RESERVED,
    RESOURCES,
    STRATEGIES,
)
from compiler.hot.registry import find_registration
from compiler.model.inputs import Registry
from compiler.model.service import OF_ROLE, OWN_PARAMETERS
from compiler.node import Mapping, Scalar, is_null, walk


@dataclass(frozen=True, kw_only=True)
class Everything:
    """All templates, and the environments in their order."""

    named: tuple[Signature, ...]  # templates that were named, or are in a named folder
    needed: tuple[Signature, ...]  # other templates that those need
    environments: tuple[Document, ...]
    registries: tuple[Registry, ...]  # of the library and the environments
    roles: frozenset[str]
    listed: frozenset[str]  # what may be the name of a type in files of roles and hosts
    unread: frozenset[str]  # keys in files that could not be read, such as Jinja templates

    @cached_property
    def types(self) -> dict[str, set[str]]:
        """The types that each parameter is declared with."""
        found: dict[str, set[str]] = {}
        for each in (*self.named, *self.needed):
            for name, kind in each.declared.items():
                found.setdefault(name, set()).add(kind)
        return found

    @cached_property
    def registry(self) -> Registry:
        """The types in all environments; a later one wins."""
        types = {name: entry for each in self.registries for name, entry in each.types.items()}
        return Registry(types=types)

    @cached_property
    def strings(self) -> frozenset[str]:
        """What may be the name of a type, in templates and in values of parameters."""
        strings = {*self.listed, *(name for each in (*self.named, *self.needed) for name in each.types)}
        for document in self.environments:
            for section in (DEFAULTS, PARAMETERS):
                for value in document.section(section).values():
                    strings |= {str(node.value) for node in walk(value) if isinstance(node, Scalar)}
        return frozenset(strings)

    def is_read(self, name: str) -> bool:
        """Whether a template declares the parameter, or the compiler reads it."""
        of_role = any(name.removesuffix(suffix) in self.roles for suffix in OF_ROLE if name.endswith(suffix))
        return name in self.types or name in OWN_PARAMETERS or of_role


def undeclared_parameters(everything: Everything) -> Iterator[Problem]:
    """Values of parameters that no template declares."""
    for document in everything.environments:
        for section in (DEFAULTS, PARAMETERS):
            for name in document.section(section):
                if not everything.is_read(name):
                    yield Problem(
                        f"no template declares the parameter `{name}`",
                        document.place(section, name),
                        closest(name, everything.types) or "remove it",
                    )


def unused_strategies(everything: Everything) -> Iterator[Problem]:
    """Merge strategies of parameters that no template declares, and unknown strategies."""
    for document in everything.environments:
        for name, node in document.section(STRATEGIES).items():
            if name != DEFAULT_STRATEGY and name not in everything.types:
                yield Problem(
                    f"no template declares the parameter `{name}`",
                    document.place(STRATEGIES, name),
                    closest(name, everything.types) or "remove it",
                )
            value = node.value if isinstance(node, Scalar) else None
            if value not in ALL_STRATEGIES:
                yield Problem(
                    f"unknown merge strategy `{value}`: Heat uses the default",
                    node.span,
                    closest(str(value), ALL_STRATEGIES) or f"use one of {', '.join(ALL_STRATEGIES)}",
                )


def null_values(everything: Everything) -> Iterator[Problem]:
    """Values that are null, which Heat ignores."""
    for document in everything.environments:
        for section in (DEFAULTS, PARAMETERS):
            for name, value in document.section(section).items():
                if is_null(value):
                    yield Problem(
                        f"null is ignored: `{name}` keeps its value",
                        document.place(section, name),
                        "use `''`, `[]` or `{}` for an empty value, or remove it",
                    )


def respelt_values(everything: Everything) -> Iterator[Problem]:
    """Values of strings that YAML reads as another type, which changes the text."""
    for document in everything.environments:
        for section in (DEFAULTS, PARAMETERS):
            for name, value in document.section(section).items():
                kinds = everything.types.get(name, set())
                if len(kinds) == 1:
                    yield from respelt(value, *kinds)


def unused_registrations(everything: Everything) -> Iterator[Problem]:
    """Entries of the registry for types and resources that no template has."""
    used = _used(everything.registry, everything.strings)
    names = {name for each in (*everything.named, *everything.needed) for name in each.resources}
    for document in everything.environments:
        for name, node in document.section(REGISTRY).items():
            place = document.place(REGISTRY, name)
            if name == RESOURCES and isinstance(node, Mapping):
                yield from _unused_resources(node, names)
            elif name not in RESERVED and not _covers_any(name, used):
                near = closest(name, used) or "remove it, or lint the file of roles that lists it too"
                yield Problem(f"no resource has the type `{name}`", place, near)


def _unused_resources(node: Mapping, names: AbstractSet[str]) -> Iterator[Problem]:
    for name in node.entries:
        if not any(fnmatchcase(each, name) for each in names):
            yield Problem(
                f"no template has the resource `{name}`",
                node.key_span(name),
                closest(name, names) or "remove it",
            )


def _used(registry: Registry, strings: AbstractSet[str]) -> AbstractSet[str]:
    """Types that are used, those that they map to, and so on."""
    used = set(strings)
    waiting = dict(registry.types)
    while True:
        reached = [name for name in waiting if _covers_any(name, used)]
        if not reached:
            return used
        used |= {target for name in reached if isinstance(target := waiting.pop(name).target, str)}


def _covers_any(name: str, used: AbstractSet[str]) -> bool:
    if name.endswith("*"):
        return any(each.startswith(name[:-1]) for each in used)
    return name in used


def shadowed_registrations(everything: Everything) -> Iterator[Problem]:
    """Entries without effect: one with a `*` sorts before them."""
    for document in everything.environments:
        for name in document.section(REGISTRY):
            glob = _glob_before(name, everything.registry)
            if glob is not None:
                yield Problem(
                    f"`{name}` has no effect: `{glob}` takes precedence",
                    document.place(REGISTRY, name),
                    "register it for single resources under `resources`, or narrow the `*`",
                )


def _glob_before(name: str, registry: Registry) -> str | None:
    """The entry with a `*` that takes precedence over the entry of a type."""
    entry = registry.types.get(name)
    before = (each for each in sorted(registry.types) if each.endswith("*") and each < name)
    glob = next((each for each in before if name.startswith(each[:-1])), None)
    if entry is None or glob is None or name.endswith("*"):
        return None
    without = Registry(types={key: each for key, each in registry.types.items() if key != name})
    try:
        decided = find_registration(registry, name, (), entry.node) == find_registration(
            without, name, (), entry.node
        )
    except CompileError:
        return None
    return glob if decided else None


def unused_parameters(everything: Everything) -> Iterator[Problem]:
    """Parameters that their own template never reads and no other template passes."""
    passed = everything.unread.union(*(each.passed for each in (*everything.named, *everything.needed)))
    for template in everything.named:
        for name, place in template.unread.items():
            if name not in passed:
                yield Problem(f"the template never uses the parameter `{name}`", place, "remove it")
