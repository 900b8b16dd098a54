"""What a resource type maps to, by Heat's rules for the resource registry.

Aliases are followed to a template or to one of Heat's own types. Of several entries that match, those for the
single resource come first, then all others by name: `*` sorts before letters and `:` after digits, so `A::*`
comes before `A::B`. If an entry leads nowhere, the next one is tried.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from collections.abc import Mapping as AbstractMapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from operator import itemgetter

from compiler.diagnostics import CompileError, closest
from compiler.hot.builtin import BUILT_IN, built_in
from compiler.model.inputs import Registration, Registry, TemplateFile
from compiler.node import Node

_LONGEST = 100  # aliases in a chain; globs can make longer and longer names
_TEMPLATE_ENDINGS = (".yaml", ".template")


def is_template(kind: str) -> bool:
    """Whether a resource type is the path of a template."""
    return kind.endswith(_TEMPLATE_ENDINGS)


def find_registration(
    registry: Registry,
    kind: str,
    resource: tuple[str, ...],
    place: Node,
    *,
    what: str = "resource type",
    enclosing: Collection[Registration] = (),
) -> Registration:
    """The registration of a resource type: a template, or the name of one of Heat's own types.

    `resource`: the names of the enclosing resources from the root, then its own; empty for what is not a
    resource. The path of a template maps to itself, relative to the template that names it.
    `what`: how errors call the type.
    `enclosing`: the registrations of the enclosing templates. They are skipped, so that a template that
    replaces a type can contain that type.
    Raises CompileError for an unknown type or circular aliases.
    """
    search = _Search(_single(registry, resource), registry, frozenset(enclosing), place)
    registration = search.registration(kind)
    if registration is None:
        raise CompileError(
            f"{what} `{kind}` is not in the resource registry", place.span, _hint(registry, kind)
        )
    return registration


def _single(registry: Registry, resource: tuple[str, ...]) -> AbstractMapping[str, Registration]:
    """The entries of the registry for one resource alone.

    Names of enclosing resources may contain `*`, `?` and `[…]`; its own name is literal.
    """
    inner = registry.resources or {}
    for outer in resource[:-1]:
        matching = [each for name, each in inner.items() if fnmatchcase(outer, name)]
        matching += [inner[outer]] if outer in inner else []
        inner = {name: below for each in matching for name, below in (each.resources or {}).items()}
    return inner[resource[-1]].types if resource and resource[-1] in inner else {}


@dataclass(frozen=True, slots=True)
class _Search:
    single: AbstractMapping[str, Registration]
    registry: Registry
    enclosing: frozenset[Registration]
    place: Node

    def registration(self, kind: str, chain: tuple[str, ...] = ()) -> Registration | None:
        """The registration at the end of all aliases; `chain`: those followed so far."""
        self._refuse_circle((*chain, kind), is_circle=kind in chain)
        for name, entry in self._fitting(kind):
            if isinstance(entry.target, TemplateFile):
                return entry
            following = self.registration(_renamed(kind, name, entry.target), (*chain, kind))
            if following is not None:
                return following
        target = kind if is_template(kind) else built_in(kind)
        return None if target is None else Registration(target=target, node=self.place)

    def _refuse_circle(self, chain: tuple[str, ...], *, is_circle: bool) -> None:
        if is_circle or len(chain) > _LONGEST:
            path = " -> ".join(chain if is_circle else (*chain[:5], "…"))
            raise CompileError(f"circular aliases in the resource registry: {path}", self.place.span)

    def _fitting(self, kind: str) -> Iterator[tuple[str, Registration]]:
        """The entries that match the type, with their names, in the order in which they are tried."""
        if kind in self.single:
            yield kind, self.single[kind]
        types = self.registry.types
        fitting = [name for name in self.registry.globs if _covers(name, types[name], kind)]
        if kind in types and kind not in fitting:
            fitting.append(kind)
        for name in sorted(fitting):
            if types[name] not in self.enclosing:
                yield name, types[name]


def _covers(name: str, entry: Registration, kind: str) -> bool:
    """Whether a name that ends with `*` matches the type. It can map to a type, not to a template."""
    is_glob = name.endswith("*") and isinstance(entry.target, str)
    return is_glob and kind.startswith(name[:-1]) and kind != entry.target


def _renamed(kind: str, name: str, target: str) -> str:
    if name.endswith("*") and target.endswith("*"):
        return target[:-1] + kind[len(name) - 1 :]
    return target


def _hint(registry: Registry, kind: str) -> str:
    for name, entry in sorted(registry.types.items(), key=itemgetter(0)):
        if name.endswith("*") and kind.startswith(name[:-1]) and isinstance(entry.target, TemplateFile):
            return f"`{name}` does not match it: an alias with `*` cannot map to a template"
    similar = closest(kind, registry.types) or closest(kind, BUILT_IN)
    return similar or "register it under `resource_registry` in an environment file"
