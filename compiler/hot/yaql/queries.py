"""Queries: methods whose arguments are evaluated for each item."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import TypeAlias

from compiler.hot.yaql.budget import spend
from compiler.hot.yaql.values import Loose, Stream, Value, expect, is_collection, items_of

Variables: TypeAlias = dict[str, Value]
Closure: TypeAlias = Callable[[Variables], Value]


def _each(variables: Variables, closure: Closure) -> Callable[[Value], Value]:
    def applied(item: Value) -> Value:
        spend(1)
        return closure({**variables, "$1": item})

    return applied


def _where(variables: Variables, owner: Value, predicate: Closure) -> Value:
    return Stream(filter(_each(variables, predicate), items_of(owner)))


def _select(variables: Variables, owner: Value, selector: Closure) -> Value:
    return Stream(map(_each(variables, selector), items_of(owner)))


def _select_many(variables: Variables, owner: Value, selector: Closure) -> Value:
    found: list[Value] = []
    for value in map(_each(variables, selector), items_of(owner)):
        found.extend(items_of(value) if is_collection(value) else [value])
    return Stream(found)


def _any(variables: Variables, owner: Value, predicate: Closure) -> bool:
    return any(map(_each(variables, predicate), items_of(owner)))


def _group_by(variables: Variables, owner: Value, key: Closure, value: Closure | None = None) -> Value:
    groups: dict[str, Loose] = {}
    for item in items_of(owner):
        spend(1)
        scope = {**variables, "$1": item}
        group = groups.setdefault(expect(key(scope), str), Loose())
        group.append(item if value is None else value(scope))
    return Stream(groups.items())


def _reduce(variables: Variables, owner: Value, selector: Closure, *seed: Closure) -> Value:
    start = [closure(variables) for closure in seed]

    def reduced(found: Value, item: Value) -> Value:
        spend(1)
        return selector({**variables, "$1": found, "$2": item})

    return reduce(reduced, items_of(owner), *start)


QUERIES: dict[str, Callable[..., Value]] = {
    "where": _where,
    "select": _select,
    "selectMany": _select_many,
    "any": _any,
    "groupBy": _group_by,
    "reduce": _reduce,
}
