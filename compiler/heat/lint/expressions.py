"""Every mapping in a template that Heat reads as a call or as data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from compiler.hot.functions import conditions, known, values
from compiler.hot.scope import Function, Functions
from compiler.hot.versions import Version
from compiler.node import Mapping, Node, Sequence

_EVALUATED = ("properties", "metadata", "deletion_policy", "update_policy", "external_id", "value")


@dataclass(frozen=True, slots=True)
class Expression:
    """A mapping, and the functions that may be called there."""

    node: Mapping
    functions: Functions
    in_condition: bool

    @property
    def name(self) -> str:
        """Its one key; '' if it has another number of them."""
        return next(iter(self.node.entries)) if len(self.node.entries) == 1 else ""

    @property
    def argument(self) -> Node:
        """The value of its one key."""
        return self.node.entries[self.name]

    @property
    def function(self) -> Function | None:
        """The function that it calls."""
        return self.functions.get(self.name)

    @property
    def is_call(self) -> bool:
        """Whether Heat reads it as a call."""
        return self.name in self.functions


def expressions(root: Mapping, version: Version) -> Iterator[Expression]:
    """Every mapping of a template in which Heat looks for calls, as a value or as a condition.

    Parameters, descriptions and types are not evaluated; the condition of an `if` is, as conditions are.
    """
    functions = {False: values(version), True: conditions(version)}
    seen: set[tuple[int, bool]] = set()
    waiting = list(_roots(root))
    while waiting:
        node, in_condition = waiting.pop()
        if (id(node), in_condition) in seen:
            continue
        if isinstance(node, Sequence):
            waiting += [(item, in_condition) for item in node.items]
        elif isinstance(node, Mapping):
            seen.add((id(node), in_condition))
            yield Expression(node, functions[in_condition], in_condition)
            waiting += _below(node, in_condition=in_condition)


def _roots(root: Mapping) -> Iterator[tuple[Node, bool]]:
    for section in ("resources", "outputs"):
        for each in _entries(root.entries.get(section)).values():
            for key, node in _entries(each).items():
                if key == "condition" or key in _EVALUATED:
                    yield node, key == "condition"
    for definition in _entries(root.entries.get("conditions")).values():
        yield definition, True


def _entries(node: Node | None) -> dict[str, Node]:
    return node.entries if isinstance(node, Mapping) else {}


def _below(node: Mapping, *, in_condition: bool) -> Iterator[tuple[Node, bool]]:
    (name, argument) = next(iter(node.entries.items()), ("", node))
    chooses = len(node.entries) == 1 and name in known() and known()[name].chooses
    if chooses and isinstance(argument, Sequence):
        yield from ((item, in_condition or not index) for index, item in enumerate(argument.items))
    else:
        yield from ((value, in_condition) for value in node.entries.values())


def is_shaped_for(name: str, argument: Node) -> bool:
    """Whether an argument looks like one written for the function of that name."""
    return known()[name].likely(argument)
