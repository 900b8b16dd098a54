"""What a resource type stands for: Heat's rules for looking it up in the resource registry.

Aliases are followed to a template or to one of Heat's own types. Of several entries that fit, what is said of
the single resource comes first, then all others in the order of their names: there `*` stands before letters
and `:` after digits, so `A::*` comes before `A::B`. An entry that leads nowhere makes room for the next.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from collections.abc import Mapping as AbstractMapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from operator import itemgetter

from compiler.diagnostics import CompileError, closest
from compiler.hot.builtin import BUILT_IN
from compiler.model.stack import Registration, Registry, TemplateFile
from compiler.node import Node

_LONGEST = 100  # aliases in a chain; globs can make ever longer names
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
    """What a resource of that type is made of: a template, or one of Heat's own types by its name.

    `resource`: its name behind those of the resources whose templates it lies in, from the root; empty for
    what is no resource. A path of a template stands for itself, and is relative to the template at hand.
    `what`: what the type is called in errors.
    `enclosing`: what those templates are made of; left out, so that one which replaces a type can contain it.
    Raises CompileError if nothing of that name is known, or aliases go round.
    """
    search = _Search(_single(registry, resource), registry, frozenset(enclosing), place)
    found = search.found(kind)
    if found is None:
        raise CompileError(
            f"{what} `{kind}` is not in the resource registry", place.span, _hint(registry, kind)
        )
    return found


def _single(registry: Registry, resource: tuple[str, ...]) -> AbstractMapping[str, Registration]:
    """What the registry says of one resource alone.

    On the way to it names may have `*`, `?` and `[…]`; its own is taken as it is written.
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

    def found(self, kind: str, chain: tuple[str, ...] = ()) -> Registration | None:
        """What the type stands for at the end of all aliases; `chain` are those on the way to it."""
        self._refuse_circle((*chain, kind), is_circle=kind in chain)
        for name, entry in self._fitting(kind):
            if isinstance(entry.target, TemplateFile):
                return entry
            following = self.found(_renamed(kind, name, entry.target), (*chain, kind))
            if following is not None:
                return following
        is_known = kind in BUILT_IN or is_template(kind)
        return Registration(target=kind, node=self.place) if is_known else None

    def _refuse_circle(self, chain: tuple[str, ...], *, is_circle: bool) -> None:
        if is_circle or len(chain) > _LONGEST:
            path = " -> ".join(chain if is_circle else (*chain[:5], "…"))
            raise CompileError(f"circular aliases in the resource registry: {path}", self.place.span)

    def _fitting(self, kind: str) -> Iterator[tuple[str, Registration]]:
        """Entries that say something of the type, by their names, in the order in which they are tried."""
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
    """Whether a name with `*` at its end stands for the type. It can stand for types alone, not templates."""
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
