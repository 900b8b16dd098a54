"""Functions that combine lists and mappings."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from math import prod

from compiler.diagnostics import counted
from compiler.hot.functions.arguments import (
    items,
    kind_of,
    mapped,
    shown,
    text,
    without_secrets,
)
from compiler.hot.scope import Functions, MisuseError, Scope, Value
from compiler.meter import Meter
from compiler.node import (
    Mapping,
    Node,
    Plain,
    Scalar,
    ScalarValue,
    Sequence,
    is_null,
    mapping_of,
    plain,
    scalar_of,
    sequence_of,
)
from compiler.node.hidden import quoted
from compiler.node.parts import parts_of
from compiler.node.rewriting import rewritten
from compiler.node.scalars import key_text

_COMPARED = 16  # values that are compared in one step


def list_concat(scope: Scope, argument: Node, call: Mapping) -> Node:
    """All lists as one; null is skipped."""
    return sequence_of(_concatenated(scope, argument), call)


def list_concat_unique(scope: Scope, argument: Node, call: Mapping) -> Node:
    """All lists as one, without repeated items; 1, 1.0 and true are equal."""
    kept: list[Node] = []
    seen: list[Plain] = []
    for item in _concatenated(scope, argument):
        scope.stack.meter.spend((parts_of(item) + len(seen)) // _COMPARED)
        value = plain(item)
        if value not in seen:
            seen.append(value)
            kept.append(item)
    return sequence_of(kept, call)


def _concatenated(scope: Scope, argument: Node) -> list[Node]:
    joined: list[Node] = []
    for each in items(scope.value(argument), "a list of lists"):
        if not is_null(each):
            scope.stack.meter.spend(len(items(each, "lists to join")))
            joined.extend(items(each, "lists to join"))
    return joined


def map_merge(scope: Scope, argument: Node, call: Mapping) -> Node:
    """All mappings as one, key by key: the later value wins, null included. A null mapping is skipped."""
    value = scope.value(argument)
    if isinstance(value, Scalar) and value.value == "":
        return mapping_of({}, call)
    entries: dict[str, Node] = {}
    keys: dict[str, Node] = {}
    for mapping in items(value, "a list of mappings"):
        if not is_null(mapping):
            if not isinstance(mapping, Mapping):
                raise MisuseError(f"merges mappings, not {shown(mapping)}")
            scope.stack.meter.spend(len(mapping.entries))
            entries |= mapping.entries
            keys |= mapping.keys
    return mapping_of(entries, call, keys)


def map_replace(scope: Scope, argument: Node, call: Mapping) -> Node:
    """A mapping with keys and values replaced that match another mapping's keys exactly."""
    pair = items(scope.value(argument), "a list")
    if len(pair) != 2:
        raise MisuseError(f"takes a mapping and its replacements, not {counted(len(pair), 'item')}")
    source, by = (_map(item, "mappings") for item in pair)
    for name in by.entries:
        if name not in ("keys", "values"):
            raise MisuseError(f"replaces `keys` and `values`, not {quoted(name, by.key_node(name))}")
    new_keys, new_values = (
        _map(by.entries.get(name) or scalar_of(None, call), f"a mapping as `{name}`").entries
        for name in ("keys", "values")
    )
    keys = _renamed_keys(source, new_keys)
    texts = [key_text(key) for key, _ in keys]
    values = [_replaced(value, new_values) for value in source.entries.values()]
    nodes = (node for _, node in keys)
    return mapping_of(dict(zip(texts, values, strict=True)), call, dict(zip(texts, nodes, strict=True)))


def _renamed_keys(source: Mapping, new: dict[str, Node]) -> list[tuple[ScalarValue, Node]]:
    """The new key for each entry, with its node. 1 is not "1": both may exist, and the last one counts."""
    renamed: dict[ScalarValue, Node] = {}
    for key in source.entries:
        node = _key_node(source, key, new.get(key))
        new_key = _renamed(key, new.get(key))
        if new_key != key and new_key in source.entries:
            old = quoted(key, source.key_node(key))
            raise MisuseError(
                f"would rename {old} to {quoted(key_text(new_key), node)}, which already exists"
            )
        if new_key in renamed:
            raise MisuseError(f"would create the key {quoted(key_text(new_key), node)} twice")
        renamed[new_key] = node
    return list(renamed.items())


def _replaced(value: Node, new: dict[str, Node]) -> Node:
    return (
        new.get(value.value, value) if isinstance(value, Scalar) and isinstance(value.value, str) else value
    )


def _map(node: Node, what: str) -> Mapping:
    if is_null(node):
        return mapping_of({}, node)
    if not isinstance(node, Mapping):
        raise MisuseError(f"takes {what}, not {shown(node)}")
    return node


def _key_node(source: Mapping, key: str, new: Node | None) -> Node:
    return source.key_node(key) if new is None or is_null(new) else new


def _renamed(key: str, new: Node | None) -> ScalarValue:
    if new is None or is_null(new):
        return key
    if not isinstance(new, Scalar):
        raise MisuseError(f"would rename `{key}` to {new.kind}")
    return new.value


def filter_(scope: Scope, argument: Node, call: Mapping) -> Node:
    """`filter`: a list without some values."""
    assert isinstance(argument, Sequence)
    listed = scope.read(argument.items[1])
    if not plain(listed):
        return listed
    kept = items(listed, "a list")
    unwanted = plain(scope.read(argument.items[0]))
    if not unwanted:
        return listed
    if not isinstance(unwanted, list):
        raise MisuseError(f"takes a list of values to remove, not {shown(scope.value(argument.items[0]))}")
    scope.stack.meter.spend(len(kept) * len(unwanted) // _COMPARED)
    return sequence_of([item for item in kept if plain(item) not in unwanted], call)


def contains(scope: Scope, argument: Node, call: Mapping) -> Node:
    """Whether a list contains a value, or a string another."""
    assert isinstance(argument, Sequence)
    value, inside = (scope.read(item) for item in argument.items)
    wanted, searched = without_secrets(value), without_secrets(inside)
    if isinstance(searched, str):
        return scalar_of(text(value, "a string to search for in a string") in searched, call)
    if not isinstance(searched, list):
        raise MisuseError(f"searches a list or a string, not {shown(inside)}")
    return scalar_of(wanted in searched, call)


def repeat_shape(functions: Functions, argument: Node, call: Mapping) -> None:
    """Expect `template`, and `for_each`, a mapping."""
    mapped("for_each", "template")(functions, argument, call)
    assert isinstance(argument, Mapping)
    loops = argument.entries["for_each"]
    if not isinstance(loops, Mapping):
        raise MisuseError(f"takes a mapping as `for_each`, not {loops.kind}", loops)


def nested_repeat_shape(functions: Functions, argument: Node, call: Mapping) -> None:
    """Expect what `repeat_shape` does; `permutations` must be literally true or false."""
    repeat_shape(functions, argument, call)
    assert isinstance(argument, Mapping)
    nested = argument.entries.get("permutations")
    if nested is not None and not (isinstance(nested, Scalar) and isinstance(nested.value, bool)):
        raise MisuseError(f"takes true or false as `permutations`, not {kind_of(functions, nested)}", nested)


def repeat(*, maps: bool, together: bool) -> Value:
    """repeat: `maps`, mappings as loops (since newton); `together`, with `permutations` (since pike)."""

    def evaluate(scope: Scope, argument: Node, call: Mapping) -> Node:
        assert isinstance(argument, Mapping)
        loops = scope.value(argument.entries["for_each"])
        if not isinstance(loops, Mapping) or not loops.entries:
            raise MisuseError("takes a mapping with an entry as `for_each`")
        written = argument.entries.get("permutations")
        nested = not (together and isinstance(written, Scalar) and written.value is False)
        values = [_loop(node, name, maps=maps and nested) for name, node in loops.entries.items()]
        template = scope.value(argument.entries["template"])
        rows = itertools.product(*values) if nested else _pairs(loops, values)
        meter = scope.stack.meter
        meter.spend(prod(map(len, values)) * parts_of(template) if nested else 0)
        return sequence_of([_filled(template, loops, row, meter) for row in rows], call)

    return evaluate


def _pairs(loops: Mapping, values: list[list[Node]]) -> Iterable[tuple[Node, ...]]:
    lists = [list_ for node, list_ in zip(loops.entries.values(), values, strict=True) if not is_null(node)]
    if len({len(each) for each in lists}) > 1:
        raise MisuseError("takes lists of equal length with `permutations: false`")
    return zip(*values, strict=False)  # null counts as an empty list, which ends the loop


def _loop(node: Node, name: str, *, maps: bool) -> list[Node]:
    if isinstance(node, Mapping) and maps:
        return [scalar_of(key, node.key_node(key)) for key in node.entries]
    if is_null(node):
        return []
    return items(node, f"a list for `{name}`")


def _filled(template: Node, loops: Mapping, row: tuple[Node, ...], meter: Meter) -> Node:
    hides = any(value.is_hidden for value in row)
    return rewritten(template, _filling(loops, row, meter), keys=True, hides=hides)


def _filling(loops: Mapping, row: tuple[Node, ...], meter: Meter) -> Callable[[str], str]:
    """What replaces names by a row of values, one after the other: a later one may replace inserted text."""

    def filled(written: str) -> str:
        for name, value in zip(loops.entries, row, strict=True):
            inserted = text(value, f"strings for `{name}`")
            meter.write(len(written) + written.count(name) * len(inserted))
            written = written.replace(name, inserted)
        return written

    return filled
