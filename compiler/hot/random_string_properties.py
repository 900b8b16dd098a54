"""The string that the properties of an OS::Heat::RandomString describe."""

from __future__ import annotations

import string

from compiler.diagnostics import CompileError, closest
from compiler.hot.properties import Properties, property_value
from compiler.model.random_string import LETTERS_AND_DIGITS, STANDARD, StringRecipe
from compiler.node import Node, Sequence, expect_keys, expect_mapping, is_null, plain
from compiler.node.hidden import quoted

_CLASSES = {
    "lettersdigits": LETTERS_AND_DIGITS,
    "letters": string.ascii_letters,
    "lowercase": string.ascii_lowercase,
    "uppercase": string.ascii_uppercase,
    "digits": string.digits,
    "hexdigits": string.digits + "ABCDEF",
    "octdigits": string.octdigits,
}
_LONGEST = 512


def string_recipe(properties: Properties) -> StringRecipe:
    """The recipe in the properties. Raises CompileError if no string can follow it."""
    length = _number(properties.get("length"), "`length`", STANDARD.length)
    properties.value("salt", "string")
    sets = [
        *_sets(properties, "character_sequences", "sequence"),
        *_sets(properties, "character_classes", "class"),
    ]
    if (whole := properties.get("sequence")) is not None:
        sets.append((_characters(whole), 1))
    elif properties.unless_null("character_classes", "comma_delimited_list") is None:
        sets.append((_CLASSES["lettersdigits"], 1))
    if not all(characters for characters, _ in sets) or not sets:
        hint = "add a `class` or a `sequence`"
        raise CompileError(
            f"{properties.owner} has no characters to choose from", properties.place.span, hint
        )
    if sum(least for _, least in sets) > length:
        raise CompileError(
            f"{properties.owner} asks for more characters than its length",
            properties.place.span,
            "increase `length`, or lower the `min` of its characters",
        )
    return StringRecipe(length=length, sets=tuple(sets))


def _sets(properties: Properties, name: str, key: str) -> list[tuple[str, int]]:
    node = properties.value(name, "comma_delimited_list")
    return [] if not isinstance(node, Sequence) else [_set(item, name, key) for item in node.items]


def _set(item: Node, name: str, key: str) -> tuple[str, int]:
    fields = expect_mapping(item, f"an item of `{name}`")
    expect_keys(fields, frozenset((key, "min")), f"`{name}`")
    least = _number(fields.entries.get("min"), "`min`", 1)
    written = fields.entries.get(key)
    if key == "class":
        if written is None or is_null(written):
            return _CLASSES["lettersdigits"], least
        return _characters(written), least
    if written is None:
        raise CompileError(f"an item of `{name}` has no `{key}`", fields.span)
    return str(plain(property_value("string", written, f"`{key}`"))), least


def _characters(node: Node) -> str:
    name = str(plain(property_value("string", node, "a character class")))
    if name not in _CLASSES:
        hint = closest(name, _CLASSES) or f"use one of {', '.join(_CLASSES)}"
        raise CompileError(f"unknown character class {quoted(name, node)}", node.span, hint)
    return _CLASSES[name]


def _number(node: Node | None, what: str, default: int) -> int:
    if node is None or is_null(node):
        return default
    value = plain(property_value("integer", node, what))
    assert isinstance(value, int)
    if not 1 <= value <= _LONGEST:
        raise CompileError(f"{what} must be 1 to {_LONGEST}, not {quoted(value, node)}", node.span)
    return value
