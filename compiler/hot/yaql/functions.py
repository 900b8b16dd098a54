"""Functions and methods by name; NotSupported for values that the library might refuse."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from compiler.hot import patterns
from compiler.hot.patterns import Matching
from compiler.hot.yaql.budget import meter, spend, write
from compiler.hot.yaql.errors import NotSupported
from compiler.hot.yaql.operators import within
from compiler.hot.yaql.syntax import LIST
from compiler.hot.yaql.values import (
    DICTS,
    MOST_ITEMS,
    SCALARS,
    SEQUENCES,
    Loose,
    LooseDict,
    Stream,
    Value,
    View,
    distinct,
    expect,
    expect_dict,
    is_collection,
    items_of,
    unsure,
)

_NO_DEFAULT = object()


def _concat(*texts: Value) -> str:
    write(sum(len(expect(text, str)) for text in texts))
    return "".join(texts) if texts else unsure()


def _list(*values: Value) -> tuple[Value, ...]:
    """`list(…)`: iterators are replaced by what they give, however deep."""
    return tuple(_spread(values))


def _spread(values: Iterable[Value]) -> Iterator[Value]:
    for value in values:
        spend(1)
        if type(value) is Stream:
            yield from _spread(value.taken())
        else:
            yield value


def _text(value: Value) -> str:
    if value is None or type(value) is bool:
        return {None: "null", True: "true", False: "false"}[value]
    return str(value) if type(value) in SCALARS else unsure()


def _int(value: Value) -> int:
    if type(value) not in SCALARS:
        raise NotSupported
    return 0 if value is None else int(value)


def _len(value: Value) -> int:
    if type(value) is str or type(value) in DICTS:
        return len(value)
    if type(value) is View and not value.as_set:
        raise NotSupported
    return len(list(items_of(value)))


def _range(*bounds: Value) -> Value:
    numbers = range(*[expect(bound, int) for bound in bounds])
    return Stream(numbers) if len(numbers) <= MOST_ITEMS and len(bounds) < 3 else unsure()


def _regex(pattern: Value) -> re.Pattern[str]:
    return patterns.compiled(expect(pattern, str))


def _flatten(owner: Value) -> Value:
    return Stream(_leaves(owner))


def _leaves(owner: Value) -> Iterator[Value]:
    for item in items_of(owner):
        if is_collection(item):
            yield from _leaves(item)
        else:
            yield item


def _first(owner: Value, default: Value = _NO_DEFAULT) -> Value:
    values = list(items_of(owner))
    return values[0] if values else _given(default)


def _last(owner: Value, default: Value = _NO_DEFAULT) -> Value:
    values = list(items_of(owner))
    return values[-1] if values else _given(default)


def _given(default: Value) -> Value:
    return default if default is not _NO_DEFAULT else unsure()


def _merged(left: Value, right: Value) -> LooseDict:
    """`mergeWith`: dicts merged at any depth, lists joined without repetition, else the right one."""
    spend(len(expect_dict(left)) + len(expect_dict(right)))
    merged = LooseDict(left)
    for key, value in right.items():
        merged[key] = _merged_value(merged[key], value) if key in merged else value
    return merged


def _merged_value(left: Value, right: Value) -> Value:
    if type(right) in DICTS:
        return _merged(left, right)
    if type(right) not in SEQUENCES:
        return right
    if not {type(left), type(right)} <= {list, tuple}:
        raise NotSupported
    return tuple(distinct((*left, *right)))


def _delete_all(owner: Value, keys: Value) -> LooseDict:
    gone = {expect(key, str) for key in items_of(keys)}
    return LooseDict((key, value) for key, value in expect_dict(owner).items() if key not in gone)


def _get(owner: Value, key: Value, default: Value = None) -> Value:
    return expect_dict(owner).get(expect(key, str), default)


def _max(owner: Value) -> int:
    return max([int(expect(item, int)) for item in items_of(owner)])


def _repeat(value: Value, times: Value) -> Value:
    return Stream([value] * times) if 0 <= expect(times, int) <= MOST_ITEMS else unsure()


def _join(owner: Value, other: Value) -> str:
    separator, values = (owner, other) if type(owner) is str else (other, owner)
    texts = [_text(item) for item in items_of(values)]
    write(sum(map(len, texts)) + len(expect(separator, str)) * len(texts))
    return str(separator.join(texts))


def _split(owner: Value, *by: Value, **named: Value) -> Loose:
    if type(owner) is re.Pattern and len(by) == 1 and not named:
        patterns.check(owner, expect(by[0], str), Matching.EVERY, meter())
        return Loose(owner.split(by[0]))
    _spend_parts(expect(owner, str), *by, **named)
    return Loose(owner.split(*by, **named))


def _spend_parts(text: str, separator: Value = None, *_: Value, sep: Value = None, **_named: Value) -> None:
    """Take the steps of splitting a text before it is done."""
    at = separator or sep
    spend(1 + (text.count(expect(at, str)) if at else len(text) // 2))


def _right_split(owner: Value, *by: Value, **named: Value) -> Loose:
    _spend_parts(expect(owner, str), *by, **named)
    return Loose(owner.rsplit(*by, **named))


def _replace(owner: Value, old: Value, new: Value) -> str:
    if type(owner) is re.Pattern:
        return _substituted(owner, expect(old, str), expect(new, str))
    write(len(expect(owner, str)) + owner.count(expect(old, str)) * len(expect(new, str)))
    return str(owner.replace(old, new))


def _substituted(pattern: re.Pattern[str], text: str, template: str) -> str:
    """`pattern.sub`, with the steps of writing each replacement taken before it is written."""
    patterns.check(pattern, text, Matching.EVERY, meter())

    def replacement(match: re.Match[str]) -> str:
        longest = max(len(group or "") for group in (match[0], *match.groups()))
        write(len(template) + template.count("\\") * longest)
        return match.expand(template)

    return pattern.sub(replacement, text)


def _search(owner: Value, text: Value) -> str | None:
    patterns.check(expect(owner, re.Pattern), expect(text, str), Matching.FIRST, meter())
    found = owner.search(text)
    return found.group() if found else None


def _matches(owner: Value, other: Value) -> bool:
    pattern, text = (owner, other) if type(owner) is re.Pattern else (_regex(other), owner)
    patterns.check(pattern, expect(text, str), Matching.FIRST, meter())
    return pattern.search(text) is not None


def _format(owner: Value, *values: Value) -> str:
    from compiler.hot.yaql.formatting import formatted

    if not SCALARS.issuperset(map(type, values)):
        raise NotSupported
    write(len(expect(owner, str)) + owner.count("{") * max([len(str(value)) for value in values], default=0))
    return formatted(owner, *values)


def _cased(owner: Value, case: Callable[[str], str]) -> str:
    write(len(expect(owner, str)))
    return case(owner)


ARGUMENTS = {"separator": "sep", "maxSplits": "maxsplit", "default": "default"}  # as in Python
FUNCTIONS: dict[str, Callable[..., Value]] = {
    LIST: lambda *values: values,
    "concat": _concat,
    "distinct": lambda owner: Stream(distinct(items_of(owner))),
    "format": _format,
    "int": _int,
    "isDict": lambda value: type(value) in DICTS,
    "isList": lambda value: type(value) in SEQUENCES,
    "len": _len,
    "list": _list,
    "range": _range,
    "regex": _regex,
    "str": _text,
}
METHODS: dict[str, Callable[..., Value]] = {
    "contains": lambda owner, value: within(value, owner) if type(owner) is not str else unsure(),
    "containsKey": lambda owner, key: expect(key, str) in expect_dict(owner),
    "deleteAll": _delete_all,
    "distinct": FUNCTIONS["distinct"],
    "first": _first,
    "flatten": _flatten,
    "format": _format,
    "get": _get,
    "isEmpty": lambda owner: not expect(owner, str).strip(),
    "items": lambda owner: View(expect_dict(owner).items()),
    "join": _join,
    "keys": lambda owner: View(expect_dict(owner)),
    "last": _last,
    "len": _len,
    "matches": _matches,
    "max": _max,
    "mergeWith": _merged,
    "repeat": _repeat,
    "replace": _replace,
    "rightSplit": _right_split,
    "search": _search,
    "split": _split,
    "startsWith": lambda owner, *starts: expect(owner, str).startswith(
        tuple(expect(start, str) for start in starts)
    ),
    "toLower": lambda owner: _cased(owner, str.lower),
    "toUpper": lambda owner: _cased(owner, str.upper),
    "values": lambda owner: View(expect_dict(owner).values(), as_set=False),
    "zip": lambda *collections: Stream(zip(*map(items_of, collections), strict=False)),
}
