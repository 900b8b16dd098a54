"""The intrinsic functions, one table. A function takes the argument as written and evaluates what it needs.

Behaviour at the edges is Heat's (heat/engine/hot/functions.py): a `get_param` path that fails gives '',
a `get_attr` path that fails gives null, null lists are skipped, and so on; each function says its own.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable
from math import prod
from typing import NoReturn
from urllib.parse import quote, urlencode

from compiler.diagnostics import CompileError
from compiler.model import secret
from compiler.node import (
    Mapping,
    Node,
    Plain,
    Scalar,
    Sequence,
    mapping_of,
    node_of,
    plain,
    scalar_of,
    sequence_of,
    text_of,
)
from compiler.resolve.conditions import holds
from compiler.resolve.instance import OMITTED, Function, Instance
from compiler.resolve.reads import Digits, Key, member

MOST_REPEATS = 1_000_000  # items that one `repeat` may make


def _get_param(at: Instance, argument: Node, call: Mapping) -> Node:
    path = _path(at, argument, call, "get_param", "get_param: Name` or `get_param: [Name, key, …]")
    name = _text(path[0], call, "get_param", "the name of a parameter")
    value = at.parameter(name, argument)
    keys = tuple(_key(step) for step in path[1:])
    found = member(value, keys, Digits.INDEX)
    if at.varies(name):
        at.read_variant((name, *keys), found)
    return scalar_of("", call) if found is None else found


def _get_attr(at: Instance, argument: Node, call: Mapping) -> Node:
    path = _path(at, argument, call, "get_attr", "get_attr: [resource, attribute, key, …]")
    if len(path) < 2:
        _misused(
            call, "get_attr", "takes a resource and an attribute", "get_attr: [resource, attribute, key, …]"
        )
    resource, attribute = (_text(step, call, "get_attr", "a name") for step in path[:2])
    found = member(at.attribute(resource, attribute, argument), [_key(step) for step in path[2:]], Digits.KEY)
    return scalar_of(None, call) if found is None else found


def _get_file(at: Instance, argument: Node, call: Mapping) -> Node:
    if not isinstance(argument, Scalar) or not isinstance(argument.value, str):
        _misused(
            call,
            "get_file",
            "takes the path of a file as it is written, not a function",
            "get_file: name.conf",
        )
    return text_of(at.file(argument.value, argument))


def _str_replace(at: Instance, argument: Node, call: Mapping) -> Node:
    form = "str_replace: {template: text, params: {KEY: value}}"
    fields = _fields(at, argument, call, "str_replace", form, required=("template", "params"))
    template, params = fields["template"], fields["params"]
    text = _text(template, call, "str_replace", "a text as `template`")
    if not isinstance(params, Mapping):
        _misused(call, "str_replace", f"takes a mapping as `params`, not {params.kind}", form)
    values = {key: _replacement(value) for key, value in params.entries.items()}
    if "" in values:
        raise CompileError("`str_replace` cannot replace an empty key", params.key_span(""))
    keys = sorted(values, key=lambda key: (-len(key), key))
    return scalar_of(_replaced(text, keys, values), call)


def _replaced(text: str, keys: list[str], values: dict[str, str]) -> str:
    """Each key in turn, the longest first; text that came from a value is never searched again."""
    if not keys:
        return text
    first, rest = keys[0], keys[1:]
    return values[first].join(_replaced(part, rest, values) for part in text.split(first))


def _replacement(value: Node) -> str:
    if isinstance(value, Scalar):
        return "" if value.value is None else str(value.value)
    return _json_text(value)


def _json_text(value: Node) -> str:
    return secret.coded(json.dumps(plain(value), sort_keys=True), "json")


def _list_join(at: Instance, argument: Node, call: Mapping) -> Node:
    form = "list_join: [delimiter, list, …]"
    items = _items(argument, call, "list_join", form, at_least=2)
    delimiter = _text(at.evaluate(items[0]), call, "list_join", "a text as delimiter")
    parts: list[str] = []
    for item in items[1:]:
        values = at.evaluate(item)
        if not isinstance(values, Sequence):
            if not _value(values):
                continue
            _misused(call, "list_join", f"joins lists, not {values.kind}", form)
        parts.extend(_joinable(value, call) for value in values.items)
    return scalar_of(delimiter.join(parts), call)


def _joinable(value: Node, call: Mapping) -> str:
    if not isinstance(value, Scalar):
        return _json_text(value)
    if value.value is None:
        return ""
    if not isinstance(value.value, str):
        raise CompileError(
            f"`list_join` joins strings, not {value.kind} (`{value.value}`)", call.span, "quote it"
        )
    return value.value


def _list_concat(at: Instance, argument: Node, call: Mapping) -> Node:
    joined: list[Node] = []
    for item in _evaluated_items(at, argument, call, "list_concat", "list_concat: [list, …]"):
        if isinstance(item, Sequence):
            joined.extend(item.items)
        elif _value(item) is not None:
            _misused(call, "list_concat", f"joins lists, not {item.kind}", "list_concat: [list, …]")
    return sequence_of(joined, call)


def _map_merge(at: Instance, argument: Node, call: Mapping) -> Node:
    entries: dict[str, Node] = {}
    keys: dict[str, Node] = {}
    for item in _evaluated_items(at, argument, call, "map_merge", "map_merge: [mapping, …]"):
        if isinstance(item, Mapping):
            entries |= item.entries
            keys |= item.keys
        elif _value(item) is not None:
            _misused(call, "map_merge", f"merges mappings, not {item.kind}", "map_merge: [mapping, …]")
    return mapping_of(entries, call, keys)


def _if(at: Instance, argument: Node, call: Mapping) -> Node:
    items = _items(argument, call, "if", "if: [condition, then, else]", at_least=2)
    if len(items) > 3:
        _misused(
            call,
            "if",
            f"takes a condition and two values, not {len(items)} items",
            "if: [condition, then, else]",
        )
    if holds(at, items[0]):
        return at.evaluate(items[1])
    return at.evaluate(items[2]) if len(items) == 3 else OMITTED


def _repeat(at: Instance, argument: Node, call: Mapping) -> Node:
    form = "repeat: {template: value, for_each: {KEY: list}}"
    fields = _fields(at, argument, call, "repeat", form, required=("template", "for_each"))
    loops = fields["for_each"]
    if not isinstance(loops, Mapping):
        _misused(call, "repeat", f"takes a mapping as `for_each`, not {loops.kind}", form)
    names = list(loops.entries)
    values = [_loop_values(node, name, call) for name, node in loops.entries.items()]
    permutations = fields.get("permutations")
    together = permutations is not None and _value(permutations) is False
    if not together and prod(map(len, values)) > MOST_REPEATS:
        raise CompileError(f"`repeat` makes more than {MOST_REPEATS:,} items", call.span)
    rows: Iterable[tuple[str, ...]] = zip(*values, strict=True) if together else itertools.product(*values)
    try:
        return sequence_of(
            [_filled(fields["template"], dict(zip(names, row, strict=True))) for row in rows], call
        )
    except ValueError:
        _misused(call, "repeat", "takes lists of one length with `permutations: false`", form)


def _loop_values(node: Node, name: str, call: Mapping) -> list[str]:
    if isinstance(node, Mapping):
        return list(node.entries)
    if not isinstance(node, Sequence):
        if _value(node) is None:
            return []
        _misused(
            call,
            "repeat",
            f"takes a list for `{name}`, not {node.kind}",
            "repeat: {template: …, for_each: …}",
        )
    return [_text(item, call, "repeat", f"strings for `{name}`") for item in node.items]


def _filled(node: Node, values: dict[str, str]) -> Node:
    def text(written: str) -> str:
        for key, value in values.items():
            written = written.replace(key, value)
        return written

    if isinstance(node, Mapping):
        return mapping_of({text(key): _filled(value, values) for key, value in node.entries.items()}, node)
    if isinstance(node, Sequence):
        return sequence_of([_filled(item, values) for item in node.items], node)
    assert isinstance(node, Scalar)
    return scalar_of(text(node.value), node) if isinstance(node.value, str) else node


_URL_FIELDS = ("scheme", "username", "password", "host", "port", "path", "query", "fragment")


def _make_url(at: Instance, argument: Node, call: Mapping) -> Node:
    form = "make_url: {scheme: …, host: …, port: …}"
    fields = _fields(at, argument, call, "make_url", form, known=_URL_FIELDS)
    values = {
        name: _value(node) for name, node in fields.items() if name != "query" and _value(node) is not None
    }
    text = {name: str(value) for name, value in values.items()}
    if "port" in text and not (text["port"].isdigit() and 0 < int(text["port"]) < 65536):
        raise CompileError(f"`{text['port']}` is no port", fields["port"].span, "ports are 1 to 65535")
    url = f"{text['scheme']}://" if text.get("scheme") else "//"
    if text.get("username"):
        password = f":{_quoted(text['password'])}" if text.get("password") else ""
        url += f"{_quoted(text['username'])}{password}@"
    host = text.get("host", "")
    url += f"[{host}]" if ":" in host and not host.startswith("[") else host
    url += f":{text['port']}" if text.get("port") else ""
    if path := text.get("path", ""):
        url += _quoted(path if path.startswith("/") else f"/{path}", safe="/")
    query = plain(fields["query"]) if "query" in fields else None
    if isinstance(query, dict) and query:
        url += "?" + urlencode({key: str(value) for key, value in query.items()}).replace("%2F", "/")
    return scalar_of(url + (f"#{_quoted(text['fragment'])}" if text.get("fragment") else ""), call)


def _quoted(text: str, safe: str = "") -> str:
    """Quoted for a URL; a secret's reference is marked, so that its value is quoted when it is put in."""
    done, at = "", 0
    for piece in secret.PATTERN.finditer(text):
        done += quote(text[at : piece.start()], safe=safe) + secret.coded(piece[0], "url")
        at = piece.end()
    return done + quote(text[at:], safe=safe)


def _str_split(at: Instance, argument: Node, call: Mapping) -> Node:
    form = "str_split: [delimiter, text, index]"
    items = [at.evaluate(item) for item in _items(argument, call, "str_split", form, at_least=2)]
    if _value(items[1]) is None:
        return scalar_of(None, call)
    delimiter = _text(items[0], call, "str_split", "a text as delimiter")
    text = _text(items[1], call, "str_split", "a text")
    _refuse_secret(text, call, "str_split")
    if not delimiter:
        _misused(call, "str_split", "cannot split at an empty delimiter", form)
    parts: list[Plain] = list(text.split(delimiter))
    if len(items) < 3:
        return node_of(parts, call)
    try:
        return node_of(parts[int(str(_value(items[2])))], call)
    except (ValueError, IndexError):
        _misused(call, "str_split", f"has no part `{_value(items[2])}` of {len(parts)}", form)


def _contains(at: Instance, argument: Node, call: Mapping) -> Node:
    form = "contains: [value, list]"
    items = _items(argument, call, "contains", form, at_least=2)
    if len(items) > 2:
        _misused(call, "contains", f"takes two items, not {len(items)}", form)
    value, sequence = (at.evaluate(item) for item in items)
    wanted, inside = plain(value), plain(sequence)
    if isinstance(inside, str) and isinstance(wanted, str):
        _refuse_secret(inside + wanted, call, "contains")
        return scalar_of(wanted in inside, call)
    if not isinstance(inside, list):
        _misused(call, "contains", f"searches a list or a text, not {sequence.kind}", form)
    return scalar_of(wanted in inside, call)


def _path(at: Instance, argument: Node, call: Mapping, function: str, form: str) -> list[Node]:
    value = at.evaluate(argument)
    path = value.items if isinstance(value, Sequence) else [value]
    if not path or isinstance(value, Mapping):
        _misused(call, function, f"takes a name or a path, not {value.kind}", form)
    return path


def _key(step: Node) -> Key:
    value = _value(step)
    return value if isinstance(value, str | int) else str(value)


def _value(node: Node) -> object:
    return node.value if isinstance(node, Scalar) else node


def _text(node: Node, call: Mapping, function: str, what: str) -> str:
    value = _value(node)
    if not isinstance(value, str):
        raise CompileError(f"`{function}` takes {what}, not {node.kind}", call.span)
    return value


def _items(argument: Node, call: Mapping, function: str, form: str, *, at_least: int) -> list[Node]:
    if not isinstance(argument, Sequence) or len(argument.items) < at_least:
        _misused(call, function, f"takes a list of at least {at_least} items", form)
    return argument.items


def _evaluated_items(at: Instance, argument: Node, call: Mapping, function: str, form: str) -> list[Node]:
    value = at.evaluate(argument)
    if not isinstance(value, Sequence):
        _misused(call, function, f"takes a list, not {value.kind}", form)
    return value.items


def _fields(
    at: Instance,
    argument: Node,
    call: Mapping,
    function: str,
    form: str,
    *,
    required: tuple[str, ...] = (),
    known: tuple[str, ...] = (),
) -> dict[str, Node]:
    """The entries of a mapping argument, evaluated; `required` ones must be there, others be known."""
    if not isinstance(argument, Mapping):
        _misused(call, function, f"takes a mapping, not {argument.kind}", form)
    for name in required:
        if name not in argument.entries:
            _misused(call, function, f"needs `{name}`", form)
    for name in argument.entries if known else ():
        if name not in known:
            raise CompileError(
                f"`{function}` knows no `{name}`", argument.key_span(name), f"it has {', '.join(known)}"
            )
    return {name: at.evaluate(node) for name, node in argument.entries.items()}


def _refuse_secret(text: str, call: Mapping, function: str) -> None:
    if secret.names(text):
        raise CompileError(
            f"`{function}` needs the value of a secret, which only the push knows",
            call.span,
            "give the template each part as a parameter of its own",
        )


def _misused(call: Mapping, function: str, problem: str, form: str) -> NoReturn:
    raise CompileError(f"`{function}` {problem}", call.span, f"write `{form}`")


FUNCTIONS: dict[str, Function] = {
    "get_param": _get_param,
    "get_attr": _get_attr,
    "get_file": _get_file,
    "str_replace": _str_replace,
    "str_split": _str_split,
    "list_join": _list_join,
    "list_concat": _list_concat,
    "map_merge": _map_merge,
    "if": _if,
    "repeat": _repeat,
    "make_url": _make_url,
    "contains": _contains,
}
