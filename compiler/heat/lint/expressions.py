"""Every mapping in a template that Heat takes for a call or for data, and what calls look like."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from compiler.hot.functions import conditions, values
from compiler.hot.scope import Functions
from compiler.hot.versions import Version
from compiler.node import Mapping, Node, Scalar, Sequence

_EVALUATED = ("properties", "metadata", "deletion_policy", "update_policy", "external_id", "value")
CONDITIONS = ("equals", "not", "and", "or")  # functions that only conditions know


@dataclass(frozen=True, slots=True)
class Expression:
    """A mapping, and the functions that may be called where it stands."""

    node: Mapping
    functions: Functions
    in_condition: bool

    @property
    def name(self) -> str:
        """Its one key; '' if it has another number of them."""
        return next(iter(self.node.entries)) if len(self.node.entries) == 1 else ""

    @property
    def argument(self) -> Node:
        """What stands under its one key."""
        return self.node.entries[self.name]

    @property
    def is_call(self) -> bool:
        """Whether Heat takes it for a call."""
        return self.name in self.functions


def expressions(root: Mapping, version: Version) -> Iterator[Expression]:
    """Every mapping of a template in which Heat looks for calls, once for each way in which it does.

    Parameters, descriptions and types are not evaluated; the condition of an `if` is, as conditions are.
    """
    known = {False: values(version), True: conditions(version)}
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
            yield Expression(node, known[in_condition], in_condition)
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
    choice = node.entries.get("if") if len(node.entries) == 1 else None
    if isinstance(choice, Sequence):
        yield from ((item, in_condition or not index) for index, item in enumerate(choice.items))
    else:
        yield from ((value, in_condition) for value in node.entries.values())


def is_shaped_for(name: str, argument: Node) -> bool:
    """Whether an argument looks like one that is written for the function of that name."""
    return _SHAPES.get(name, _any)(argument)


Shape = Callable[[Node], bool]


def _any(_: Node) -> bool:
    return True


def _text(node: Node) -> bool:
    return isinstance(node, Scalar) and isinstance(node.value, str)


def _call(node: Node) -> bool:
    return isinstance(node, Mapping) and len(node.entries) == 1


def _text_or_path(node: Node) -> bool:
    return _text(node) or _path(node)


def _path(node: Node) -> bool:
    return isinstance(node, Sequence) and bool(node.items) and (_text(node.items[0]) or _call(node.items[0]))


def _list(least: int, most: int = 1 << 30) -> Shape:
    return lambda node: isinstance(node, Sequence) and least <= len(node.items) <= most


def _list_or_call(node: Node) -> bool:
    return isinstance(node, Sequence) or _call(node)


def _mapping(*keys: str) -> Shape:
    return lambda node: isinstance(node, Mapping) and all(key in node.entries for key in keys)


def _choice(node: Node) -> bool:
    return (
        isinstance(node, Sequence) and 2 <= len(node.items) <= 3 and not isinstance(node.items[0], Sequence)
    )


def _two_lists(node: Node) -> bool:
    return isinstance(node, Sequence) and len(node.items) == 2 and all(map(_list_or_call, node.items))


def _one_in_many(node: Node) -> bool:
    return isinstance(node, Sequence) and len(node.items) == 2 and _list_or_call(node.items[1])


def _digest(node: Node) -> bool:
    return isinstance(node, Sequence) and len(node.items) == 2 and _text(node.items[0])


_REPLACEMENT = _mapping("template", "params")
_SHAPES: dict[str, Shape] = {
    "get_param": _text_or_path,
    "get_attr": _path,
    "get_file": _text,
    "get_resource": _text,
    "Ref": _text,
    "resource_facade": _text,
    "list_join": _list(2),
    "list_concat": _list_or_call,
    "list_concat_unique": _list_or_call,
    "map_merge": _list_or_call,
    "map_replace": _list(2, 2),
    "str_replace": _REPLACEMENT,
    "str_replace_strict": _REPLACEMENT,
    "str_replace_vstrict": _REPLACEMENT,
    "str_split": _list(2, 3),
    "make_url": _mapping("host"),
    "repeat": _mapping("template", "for_each"),
    "yaql": _mapping("expression"),
    "digest": _digest,
    "filter": _two_lists,
    "contains": _one_in_many,
    "if": _choice,
    "equals": _list(2, 2),
    "and": _list(2),
    "or": _list(2),
}
