"""Functions that create or split strings."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from urllib.parse import quote, urlencode, urlunsplit

from compiler.diagnostics import counted
from compiler.hot.functions.arguments import (
    items,
    mapped,
    shown,
    text,
    without_secrets,
)
from compiler.hot.scope import Functions, MisuseError, Scope, Value, is_call
from compiler.meter import Meter
from compiler.model import secret
from compiler.node import Mapping, Node, Plain, Scalar, Sequence, node_of, plain, scalar_of
from compiler.node.hidden import made_of, quoted

Format = Callable[[Node, str], str]  # a value as text; the name is for errors


def replacement_shape(functions: Functions, argument: Node, call: Mapping) -> None:
    """Expect `template`, and `params`, a mapping or a call."""
    mapped("template", "params")(functions, argument, call)
    assert isinstance(argument, Mapping)
    params = argument.entries["params"]
    if not isinstance(params, Mapping):
        raise MisuseError(f"takes a mapping as `params`, not {params.kind}", params)


def str_replace(form: Format, *, strict: bool = False) -> Value:
    """str_replace, by how it formats values; if strict, the template must contain all params."""

    def evaluate(scope: Scope, argument: Node, call: Mapping) -> Node:
        assert isinstance(argument, Mapping)
        template, params = (scope.value(argument.entries[name]) for name in ("template", "params"))
        written = text(template, "a string as `template`")
        if not isinstance(params, Mapping):
            raise MisuseError(f"takes a mapping as `params`, not {params.kind}")
        if "" in params.entries:
            raise MisuseError("cannot replace an empty string")
        scope.read(params)
        values = {name: form(value, name) for name, value in params.entries.items()}
        keys = sorted(values, key=lambda key: (-len(key), key))
        unused = set(values)
        replaced = _replaced(written, keys, values, unused, scope.stack.meter)
        if strict and unused:
            shown_names = sorted("a hidden key" if params.key_node(key).is_hidden else key for key in unused)
            raise MisuseError(f"finds no {', '.join(shown_names)} in its template")
        inserted = (value for name, value in params.entries.items() if name not in unused)
        return scalar_of(replaced, made_of(call, template, *inserted))

    return evaluate


def _replaced(written: str, keys: list[str], values: dict[str, str], unused: set[str], meter: Meter) -> str:
    """The text with each key replaced, the longest first; inserted text is never searched again."""
    meter.spend(1 + len(keys) // 8)
    for index, key in enumerate(keys):
        if key in written:
            unused.discard(key)
            rest, parts = keys[index + 1 :], written.split(key)
            meter.write(len(parts) * len(values[key]))
            return values[key].join(_replaced(part, rest, values, unused, meter) for part in parts)
    return written


def formatted(value: Node, name: str) -> str:
    """The text of a value: '' for null, a scalar as Python formats it (`True`, `1.5`), all else as JSON."""
    if isinstance(value, Scalar):
        return "" if value.value is None else str(value.value)
    return _json(value)


def formatted_scalar(value: Node, name: str) -> str:
    """As `formatted`, but only scalars, as before liberty."""
    if not isinstance(value, Scalar):
        raise MisuseError(f"takes strings and numbers, and `{name}` is {value.kind}")
    return formatted(value, name)


def formatted_nonempty(value: Node, name: str) -> str:
    """As `formatted`, but empty values are refused."""
    if plain(value) in (None, "", [], {}) and not isinstance(plain(value), bool | int | float):
        raise MisuseError(f"takes no empty values, and `{name}` is {shown(value)}")
    return formatted(value, name)


def _json(value: Node) -> str:
    return secret.coded(json.dumps(plain(value), sort_keys=True), "json")


def list_join(scope: Scope, argument: Node, call: Mapping) -> Node:
    """The items of all lists, joined by a delimiter; null, '' and 0 in place of a list are skipped."""
    assert isinstance(argument, Sequence)
    delimiter, *lists = map(scope.read, argument.items)
    items: list[Node] = []
    for value in lists:
        if isinstance(value, Sequence):
            items.extend(value.items)
        elif plain(value):
            raise MisuseError(f"joins lists, not {shown(value)}")
    joined = _joined(scope, text(delimiter, "a string as the delimiter"), [_joinable(item) for item in items])
    return scalar_of(joined, made_of(call, delimiter, *items))


def _joined(scope: Scope, delimiter: str, parts: list[str]) -> str:
    scope.stack.meter.write(sum(map(len, parts)) + len(delimiter) * len(parts))
    return delimiter.join(parts)


def _joinable(value: Node) -> str:
    if not isinstance(value, Scalar):
        return _json(value)
    if value.value is None:
        return ""
    return text(value, "strings, lists and mappings to join")


def list_join_one(scope: Scope, argument: Node, call: Mapping) -> Node:
    """The strings of one list, joined by a delimiter, as before liberty."""
    assert isinstance(argument, Sequence)
    delimiter, written = (scope.value(item) for item in argument.items)
    found = [] if plain(written) is None else items(written, "a list")
    parts = ["" if plain(item) is None else text(item, "strings to join") for item in found]
    joined = _joined(scope, text(delimiter, "a string as the delimiter"), parts)
    return scalar_of(joined, made_of(call, delimiter, written))


def split_shape(functions: Functions, argument: Node, call: Mapping) -> None:
    """Expect a list or a call."""
    if (isinstance(argument, Mapping) and not is_call(argument, functions)) or not isinstance(
        argument, Mapping | Sequence
    ):
        raise MisuseError(f"takes a list, not {argument.kind}", argument)


def str_split(scope: Scope, argument: Node, call: Mapping) -> Node:
    """A string split at a delimiter, at white space if that is null. Null stays null."""
    values = items(scope.value(argument), "a list")
    if len(values) < 2:
        raise MisuseError(f"takes a delimiter and a string, not {counted(len(values), 'item')}")
    if plain(values[1]) is None:
        return scalar_of(None, call)
    delimiter = None if plain(values[0]) is None else text(values[0], "a string as the delimiter")
    without_secrets(values[1])
    if delimiter == "":
        raise MisuseError("cannot split at an empty delimiter")
    written = text(values[1], "a string")
    scope.stack.meter.spend(written.count(delimiter) if delimiter else len(written) // 2)
    parts: list[Plain] = list(written.split(delimiter))
    return node_of(parts if len(values) == 2 else _part(parts, values[2]), made_of(call, values[1]))


def _part(parts: list[Plain], index: Node) -> Plain:
    try:
        return parts[int(plain(index))]  # type: ignore[arg-type] # a TypeError is what it is for
    except (TypeError, ValueError, OverflowError):
        raise MisuseError(f"takes a number as index, not {shown(index)}") from None
    except IndexError:
        raise MisuseError(f"has no part {shown(index)}: there are {len(parts)} parts") from None


def digest(scope: Scope, argument: Node, call: Mapping) -> Node:
    """The hash of a text, in hexadecimal digits."""
    pair = items(scope.value(argument), "a list")
    if len(pair) != 2:
        raise MisuseError(f"takes an algorithm and a string, not {counted(len(pair), 'item')}")
    algorithm, value = (text(item, "strings") for item in pair)
    without_secrets(pair[1])
    if algorithm.lower() not in hashlib.algorithms_available:
        raise MisuseError(f"does not support the algorithm {shown(pair[0])}")
    try:
        hashed = hashlib.new(algorithm, value.encode("latin-1")).hexdigest()
    except UnicodeEncodeError as error:
        character = shown(scalar_of(value[error.start], pair[1]))
        raise MisuseError(f"takes Latin-1 text, which has no {character}") from None
    except (TypeError, ValueError, OverflowError):
        raise MisuseError(f"does not support {shown(pair[0])}, which has no fixed length") from None
    return scalar_of(hashed, made_of(call, pair[1]))


URL = ("scheme", "username", "password", "host", "port", "path", "query", "fragment")


def url_shape(functions: Functions, argument: Node, call: Mapping) -> None:
    """Expect parts of a URL; literal ones must be valid."""
    mapped(only=URL)(functions, argument, call)
    assert isinstance(argument, Mapping)
    _check_url({name: node for name, node in argument.entries.items() if not is_call(node, functions)})


def make_url(scope: Scope, argument: Node, call: Mapping) -> Node:
    """A URL from its parts, quoted where needed. Without a scheme it begins with `//`."""
    parts = scope.value(argument)
    assert isinstance(parts, Mapping)
    _check_url(parts.entries)
    written = parts.entries.get("scheme")
    if written is not None and ":" in str(plain(written)):
        raise MisuseError(f"takes a scheme without its `:`, not {shown(written)}", written)
    place = made_of(call, parts)
    try:
        return scalar_of(_url(parts), place)
    except UnicodeEncodeError as error:
        character = "such a character" if place.is_hidden else f"`{error.object[error.start]!a}`"
        raise MisuseError(f"takes UTF-8 text, which has no {character}") from None


def _url(parts: Mapping) -> str:
    part = {name: str(plain(node)) for name, node in parts.entries.items()}
    query = plain(parts.entries["query"]) if "query" in parts.entries else {}
    assert isinstance(query, dict)
    return urlunsplit(
        (
            part.get("scheme", ""),
            _location(part),
            _quoted(part.get("path", ""), safe="/"),
            urlencode(query).replace("%2F", "/"),
            _quoted(part.get("fragment", ""), safe="/"),
        )
    )


def _check_url(parts: dict[str, Node]) -> None:
    for name in URL:
        node = parts.get(name)
        if node is None:
            continue
        if name == "query":
            if not isinstance(node, Mapping):
                raise MisuseError(f"takes a mapping as `query`, not {shown(node)}", node)
        elif name == "port":
            _check_port(node)
        else:
            text(node, f"a string as `{name}`")


def _check_port(node: Node) -> None:
    try:
        port = int(plain(node))  # type: ignore[arg-type] # a TypeError is what it is for
    except (TypeError, ValueError, OverflowError):
        raise MisuseError(f"takes a number as `port`, not {shown(node)}", node) from None
    if not 0 < port < 1 << 16:
        raise MisuseError(f"takes a port of 1 to 65535, not {quoted(port, node)}", node)


def _location(part: dict[str, str]) -> str:
    username, password = (_quoted(part.get(name, "")) for name in ("username", "password"))
    login = f"{username}:{password}@" if password else f"{username}@" if username else ""
    host = part.get("host", "")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    host = _quoted(host, safe=":")
    port = f":{part['port']}" if part.get("port") else ""
    return f"{login}{f'[{host}]' if ':' in host else host}{port}"


def _quoted(written: str, safe: str = "") -> str:
    """Text quoted for a URL; a reference to a secret is marked, so that its value is quoted when inserted."""
    done, at = "", 0
    for piece in secret.PATTERN.finditer(written):
        done += quote(written[at : piece.start()], safe=safe) + secret.coded(piece[0], "url")
        at = piece.end()
    return done + quote(written[at:], safe=safe)
