"""Expressions as Python closures over plain values; NotSupported wherever the library might differ.

Everything is evaluated at once, where the library is lazy: expressions have no effects, so only mistakes can
differ, and those are left to the library.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache

from compiler.hot.yaql.budget import spend
from compiler.hot.yaql.errors import NotSupported
from compiler.hot.yaql.functions import ARGUMENTS, FUNCTIONS, METHODS
from compiler.hot.yaql.operators import OPERATORS, negative
from compiler.hot.yaql.queries import QUERIES, Closure, Variables
from compiler.hot.yaql.syntax import (
    MAP,
    Arguments,
    Call,
    Constant,
    Index,
    Keyword,
    Member,
    Operation,
    SyntaxTree,
    Variable,
    parsed,
)
from compiler.hot.yaql.values import (
    DICTS,
    SEQUENCES,
    Frozen,
    Stream,
    Value,
    expect,
    expect_dict,
    items_of,
    plain,
)
from compiler.node import Plain

_MISTAKES = (NotSupported, LookupError, TypeError, ValueError, ArithmeticError, RecursionError, re.error)


def evaluate(expression: str, data: Plain) -> Plain:
    """The expression's value; NotSupported if that is not certain."""
    closure = _compiled(expression)
    if closure is None:
        raise NotSupported
    try:
        return plain(closure({"$1": {"data": data}}))
    except _MISTAKES:
        raise NotSupported from None


def parses(expression: str) -> bool:
    """Whether the expression is certainly yaql."""
    return _tree(expression) is not None


@lru_cache(maxsize=1024)
def _tree(expression: str) -> SyntaxTree | None:
    try:
        return parsed(expression)
    except (NotSupported, RecursionError):
        return None


@lru_cache(maxsize=1024)
def _compiled(expression: str) -> Closure | None:
    tree = _tree(expression)
    try:
        return None if tree is None else _closure(tree)
    except (NotSupported, RecursionError):
        return None


def _closure(tree: SyntaxTree) -> Closure:
    match tree:
        case Constant(value) | Keyword(value):
            return lambda _: value
        case Variable(name):
            return lambda variables: variables.get(name)
        case Member(owner, name):
            whole = _closure(owner)
            return lambda variables: _member(whole(variables), name)
        case Index(owner, index):
            whole, key = _closure(owner), _closure(index)
            return lambda variables: _at(whole(variables), key(variables))
        case Operation():
            return _operation(tree)
        case Call():
            return _call(tree)


def _member(owner: Value, name: str) -> Value:
    if type(owner) in DICTS:
        return owner[name]
    return Stream(_member(item, name) for item in items_of(owner))


def _at(owner: Value, index: Value) -> Value:
    if type(index) is str:
        return expect_dict(owner)[index]
    if type(owner) in SEQUENCES:
        return owner[expect(index, int)]
    raise NotSupported


def _operation(tree: Operation) -> Closure:
    if tree.operator == "->":
        return _let(tree)
    right = _closure(tree.right)
    if tree.left is None:
        return _prefixed(tree.operator, right)
    left = _closure(tree.left)
    if tree.operator == "and":
        return lambda variables: left(variables) and right(variables)
    if tree.operator == "or":
        return lambda variables: left(variables) or right(variables)
    compute = OPERATORS.get(tree.operator)
    if compute is None:
        raise NotSupported
    return lambda variables: compute(left(variables), right(variables))


def _prefixed(sign: str, value: Closure) -> Closure:
    if sign == "not":
        return lambda variables: not value(variables)
    if sign == "-":
        return lambda variables: negative(value(variables))
    raise NotSupported


def _let(tree: Operation) -> Closure:
    """`let(name => value, …) -> body`: the values cannot refer to each other."""
    match tree.left:
        case Call("let", Arguments((), _) as arguments, None):
            named = [(f"${name}", value) for name, value in _named(arguments)]
            body = _closure(tree.right)
        case _:
            raise NotSupported
    return lambda variables: body({**variables, **{name: value(variables) for name, value in named}})


def _named(arguments: Arguments) -> list[tuple[str, Closure]]:
    if not all(isinstance(key, Keyword) for key, _ in arguments.pairs):
        raise NotSupported
    named = {key.value: _closure(value) for key, value in arguments.pairs if isinstance(key, Keyword)}
    if len(named) != len(arguments.pairs):
        raise NotSupported
    return list(named.items())


def _call(tree: Call) -> Closure:
    items = [_closure(item) for item in tree.arguments.items]
    if tree.owner is not None:
        return _method(tree, _closure(tree.owner), items)
    if tree.name in _PAIRED:
        pairs = [(_closure(key), _closure(value)) for key, value in tree.arguments.pairs]
        return _PAIRED[tree.name](items, pairs)
    if tree.name not in FUNCTIONS or tree.arguments.pairs:
        raise NotSupported
    function = FUNCTIONS[tree.name]

    def called(variables: Variables) -> Value:
        spend(1)
        return function(*[item(variables) for item in items])

    return called


def _method(tree: Call, owner: Closure, items: list[Closure]) -> Closure:
    named = [(ARGUMENTS[name], value) for name, value in _named(tree.arguments) if name in ARGUMENTS]
    if len(named) != len(tree.arguments.pairs):
        raise NotSupported
    if tree.name in QUERIES and not named:
        query = QUERIES[tree.name]
        return lambda variables: query(variables, owner(variables), *items)
    method = METHODS.get(tree.name)
    if method is None:
        raise NotSupported
    if not named:
        return lambda variables: method(owner(variables), *[item(variables) for item in items])
    return lambda variables: method(
        owner(variables),
        *[item(variables) for item in items],
        **{name: value(variables) for name, value in named},
    )


# Calls that take `key => value`.


def _switch(items: list[Closure], pairs: list[tuple[Closure, Closure]]) -> Closure:
    if items:
        raise NotSupported

    def chosen(variables: Variables) -> Value:
        return next((value(variables) for case, value in pairs if case(variables)), None)

    return chosen


def _dict(items: list[Closure], pairs: list[tuple[Closure, Closure]]) -> Closure:
    """`dict(key => value, …)`, `{key => value, …}`, or `dict(collection)` of pairs."""
    if items and (pairs or len(items) > 1):
        raise NotSupported
    if items:
        return lambda variables: _from_pairs(items_of(items[0](variables)))
    return lambda variables: Frozen((expect(key(variables), str), value(variables)) for key, value in pairs)


def _map(items: list[Closure], pairs: list[tuple[Closure, Closure]]) -> Closure:
    if items:
        raise NotSupported
    return _dict([], pairs)


def _from_pairs(pairs: Iterable[Value]) -> Frozen:
    """The first two of each; others are ignored."""
    found = Frozen()
    for pair in pairs:
        key, value, *_ = items_of(pair)
        found[expect(key, str)] = value
    return found


def _coalesce(items: list[Closure], pairs: list[tuple[Closure, Closure]]) -> Closure:
    if pairs:
        raise NotSupported

    def first(variables: Variables) -> Value:
        return next((value for item in items if (value := item(variables)) is not None), None)

    return first


_PAIRED: dict[str, Callable[[list[Closure], list[tuple[Closure, Closure]]], Closure]] = {
    "switch": _switch,
    "dict": _dict,
    MAP: _map,
    "coalesce": _coalesce,
}
