"""Operators by their signs; NotSupported for values that the library might refuse."""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import partial
from typing import Any

from compiler.hot.yaql.budget import spend, write
from compiler.hot.yaql.errors import NotSupported
from compiler.hot.yaql.values import (
    DICTS,
    MOST_ITEMS,
    NUMBERS,
    SCALARS,
    SEQUENCES,
    Frozen,
    Loose,
    Stream,
    Value,
    View,
    expect,
    frozen,
    items_of,
)
from compiler.meter import check_bits


def _equal(left: Value, right: Value) -> bool:
    if type(left) in SCALARS or type(right) in SCALARS:
        return bool(left == right)
    return bool(frozen(left) == frozen(right))


def _compare(compare: Callable[[Any, Any], bool], left: Value, right: Value) -> bool:
    if not (_are_numbers(left, right) or (type(left) is str and type(right) is str)):
        raise NotSupported
    return compare(left, right)


def _are_numbers(left: Value, right: Value) -> bool:
    return type(left) in NUMBERS and type(right) in NUMBERS


def within(left: Value, right: Value) -> bool:
    """`left in right`"""
    if type(right) is str:
        return expect(left, str) in right
    if type(left) not in SCALARS or type(right) is View:
        raise NotSupported
    return left in items_of(right)


def _plus(left: Value, right: Value) -> Value:
    if _are_numbers(left, right):
        return left + right
    if type(left) is str and type(right) is str:
        write(len(left) + len(right))
        return left + right
    if type(left) in DICTS and type(right) in DICTS:
        spend(len(left) + len(right))
        return Frozen(left | right)
    both = (*items_of(left), *items_of(right))
    return both if {type(left), type(right)} <= {list, tuple} else Stream(both)


def _minus(left: Value, right: Value) -> Value:
    if not _are_numbers(left, right):
        raise NotSupported
    return left - right


def _times(left: Value, right: Value) -> Value:
    if _are_numbers(left, right):
        if type(left) is type(right) is int:
            check_bits(left.bit_length() + right.bit_length())
        return left * right
    if type(left) not in SEQUENCES or len(left) * expect(right, int) > MOST_ITEMS:
        raise NotSupported
    spend(max(0, len(left) * right))
    return Loose(list(left) * right) if type(left) is Loose else tuple(left) * right


def _divided(left: Value, right: Value) -> Value:
    if not _are_numbers(left, right):
        raise NotSupported
    return left // right if type(left) is type(right) is int else left / right


def negative(value: Value) -> Value:
    """`-value`"""
    if type(value) not in NUMBERS:
        raise NotSupported
    return -value


OPERATORS: dict[str, Callable[[Value, Value], Value]] = {
    "=": _equal,
    "!=": lambda left, right: not _equal(left, right),
    ">": partial(_compare, operator.gt),
    ">=": partial(_compare, operator.ge),
    "<": partial(_compare, operator.lt),
    "<=": partial(_compare, operator.le),
    "in": within,
    "+": _plus,
    "-": _minus,
    "*": _times,
    "/": _divided,
}
