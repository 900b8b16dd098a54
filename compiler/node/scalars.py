"""The values of scalars in YAML 1.1, and their spelling as keys in JSON."""

from __future__ import annotations

from functools import lru_cache

import yaml
from yaml.constructor import SafeConstructor
from yaml.resolver import Resolver

from compiler.node import Node, Scalar, ScalarValue

_MAYBE_NOT_A_STRING = frozenset("-+.0123456789~yYnNtTfFoO=<")
_KEY_TAGS = frozenset(f"tag:yaml.org,2002:{name}" for name in ("merge", "value"))  # of `<<` and `=`
_resolver = Resolver()
_TIMESTAMP = "tag:yaml.org,2002:timestamp"


class ReservedWordError(Exception):
    """A scalar without quotes that can only be a key."""


def plain_scalar(text: str) -> ScalarValue:
    """The value of a scalar without quotes and tag: `yes` is true, `0600` is 384.

    Raises ReservedWordError for `=` and `<<`.
    """
    if text and text[0] not in _MAYBE_NOT_A_STRING:
        return text
    return _resolved(text)


@lru_cache(maxsize=1 << 16)
def _resolved(text: str) -> ScalarValue:
    tag: str = _resolver.resolve(  # type: ignore[no-untyped-call]
        yaml.ScalarNode, text, (True, False)
    )
    if tag in (_TIMESTAMP, "tag:yaml.org,2002:str"):  # timestamps stay as they are written, as in Heat
        return text
    if tag in _KEY_TAGS:
        raise ReservedWordError
    try:
        return tagged_scalar(tag, text)
    except (ValueError, OverflowError):
        return text


def tagged_scalar(tag: str, text: str) -> ScalarValue:
    """The value of a scalar with a tag. Raises KeyError, ArithmeticError, ValueError or YAMLError if none."""
    if tag not in _SCALAR_TAGS:
        raise KeyError(tag)
    value: ScalarValue = _SCALAR_TAGS[tag](SafeConstructor(), yaml.ScalarNode(tag, text))
    return value


_SCALAR_TAGS = {
    _TIMESTAMP: SafeConstructor.yaml_constructors[
        "tag:yaml.org,2002:str"
    ],  # stays as it is written, as in Heat
} | {
    f"tag:yaml.org,2002:{name}": SafeConstructor.yaml_constructors[f"tag:yaml.org,2002:{name}"]
    for name in ("str", "int", "float", "bool", "null")
}


def equal_key(value: ScalarValue, keys: dict[str, Node]) -> str | None:
    """The key that is equal in Python: before Heat writes JSON, 1, 1.0 and true are the same key."""
    for name, key in keys.items():
        if isinstance(key, Scalar) and not isinstance(key.value, str) and key.value == value:
            return name
    return None


def key_text(value: ScalarValue) -> str:
    """A key as in JSON."""
    if isinstance(value, str):
        return value
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value)
