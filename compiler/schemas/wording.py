"""Violations of a schema, in an operator's words.

jsonschema describes schemas. Our messages describe the file: which key, what is wrong with it, what to do.
The keywords that our schemas use are the rows of `_WORDS`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from compiler.diagnostics import closest
from compiler.node import from_plain

Steps: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """A value that violates its schema: where it is, what is wrong, and what to do.

    `path` leads to the value by keys and list indices. With `key`, the violation is that key of the mapping.
    """

    path: Steps
    message: str
    hint: str | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedKeyword:
    """A keyword of a schema that a value does not satisfy.

    For `anyOf` and `oneOf`, `branches` has the failed keywords of each alternative.
    """

    keyword: str
    expected: Any  # the keyword's value
    schema: dict[str, Any]  # the keyword and its neighbours
    value: Any
    path: Steps
    branches: tuple[tuple[FailedKeyword, ...], ...] = ()


def violations(failure: FailedKeyword) -> Iterator[Violation]:
    """The violations that an operator can correct: often one, sometimes several."""
    return _WORDS[failure.keyword](failure)


def _type(failure: FailedKeyword) -> Iterator[Violation]:
    yield _wrong_type(failure, _types(failure))


def _listed(words: Sequence[str]) -> str:
    """`a`, `a or b`, or `a, b or c`."""
    return " or ".join((", ".join(words[:-1]), words[-1])) if len(words) > 1 else words[0]


def _types(failure: FailedKeyword) -> list[str]:
    return [failure.expected] if isinstance(failure.expected, str) else list(failure.expected)


def _wrong_type(failure: FailedKeyword, types: Iterable[str]) -> Violation:
    names = dict.fromkeys(types)
    expected = _listed([_TYPES[name] for name in names])
    if isinstance(failure.value, str) and _PUBLISHED.fullmatch(failure.value) and "integer" in names:
        return _violation(failure, f"{_subject(failure)} publishes a port, {_NO_PUBLISHING}", _LISTEN)
    return _must(failure, f"be {expected}, not {_kind(failure.value)}", _type_hint(failure.value, names))


_PUBLISHED = re.compile(r"(\S*:)?[\d-]+:[\d-]+(/\w+)?")  # as in Compose, `8080:80`
_NO_PUBLISHING = "which is not supported: containers listen in the host's network"
_LISTEN = "list the number alone, and have the service itself listen on the port that clients use"


def _type_hint(value: Any, expected: Iterable[str]) -> str | None:
    if isinstance(value, int | float) and "string" in expected:
        return "put the value in quotes"
    if isinstance(value, dict) and len(value) == 1 and (function := closest(next(iter(value)), _FUNCTIONS)):
        return function
    return "start each item with `- `" if isinstance(value, str | dict) and "array" in expected else None


_FUNCTIONS = ("get_param", "get_attr", "get_file")  # of HOT, which stand for any value


def _enum(failure: FailedKeyword) -> Iterator[Violation]:
    value = failure.value
    allowed = [item if isinstance(item, str) else json.dumps(item) for item in failure.expected]
    actual, hint = (f"`{value}`", closest(value, allowed)) if isinstance(value, str) else (_kind(value), None)
    yield _must(failure, f"be one of {', '.join(allowed)}, not {actual}", hint)


def _pattern(failure: FailedKeyword) -> Iterator[Violation]:
    value = _visible(str(failure.value))
    yield _violation(failure, f"invalid value `{value}` for {_subject(failure)}", _example(failure))


def _visible(text: str) -> str:
    return _CONTROL.sub(lambda match: repr(match[0])[1:-1], text)


_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def _minimum(failure: FailedKeyword) -> Iterator[Violation]:
    yield _must(failure, f"be at least {failure.expected}, not {failure.value}")


def _maximum(failure: FailedKeyword) -> Iterator[Violation]:
    yield _must(failure, f"be at most {failure.expected}, not {failure.value}")


def _empty(failure: FailedKeyword) -> Iterator[Violation]:
    yield _must(failure, "not be empty", _example(failure))


def _unknown_keys(failure: FailedKeyword) -> Iterator[Violation]:
    known = failure.schema.get("properties", {})
    patterns = failure.schema.get("patternProperties", {})
    for key in failure.value:
        if key in known or any(re.search(pattern, key) for pattern in patterns):
            continue
        if known:
            other = None if failure.path else _OF_OTHER_FILES.get(key)
            yield _violation(failure, f"unknown key `{key}`", other or closest(key, known), key)
        else:
            place = f" in {_subject(failure)}" if failure.path else ""
            yield _violation(failure, f"invalid key `{_visible(key)}`{place}", _example(failure), key)


_ENVIRONMENT = "it belongs to an environment file, which `-e` names"
_OF_OTHER_FILES = {
    "heat_template_version": "this is a template: an environment file registers it in `resource_registry`",
    "hosts": "it belongs to a hosts file, which `--hosts` names",
    "parameter_defaults": _ENVIRONMENT,
    "resource_registry": _ENVIRONMENT,
    "ServicesDefault": "it belongs to a role, in `roles/` or the file that `--roles-file` names",
}


def _missing(failure: FailedKeyword) -> Iterator[Violation]:
    for key in failure.expected:
        if key not in failure.value:
            yield _violation(failure, f"`{key}` is missing", f"add `{key}: …`")


def _needed(failure: FailedKeyword) -> Iterator[Violation]:
    for key, others in failure.expected.items():
        for other in others:
            if key in failure.value and other not in failure.value:
                yield _violation(failure, f"`{key}` requires `{other}`", key=key)


def _alternatives(failure: FailedKeyword) -> Iterator[Violation]:
    """The first alternative whose type matches is the intended one; if none does, all types are listed."""
    choices = [choice["required"][0] for choice in failure.expected if choice.keys() == {"required"}]
    if choices:  # for mappings only; anything else has the wrong type already
        return iter((_choice(failure, choices),) if isinstance(failure.value, dict) else ())
    wrong_types = [[below for below in branch if _is_type_of(failure, below)] for branch in failure.branches]
    fitting = [branch for branch, types in zip(failure.branches, wrong_types, strict=True) if not types]
    if fitting:
        return (violation for below in fitting[0] for violation in violations(below))
    return iter(
        (_wrong_type(failure, (name for types in wrong_types for below in types for name in _types(below))),)
    )


def _is_type_of(failure: FailedKeyword, below: FailedKeyword) -> bool:
    return below.keyword == "type" and below.path == failure.path


def _choice(failure: FailedKeyword, choices: list[str]) -> Violation:
    """The violation of alternatives that differ only in the key that they require."""
    present = [key for key in choices if key in failure.value]
    quoted = ", ".join(f"`{key}`" for key in present or choices)
    return _must(failure, f"have only one of {quoted}" if present else f"have one of {quoted}")


_WORDS: dict[str, Callable[[FailedKeyword], Iterator[Violation]]] = {
    "additionalProperties": _unknown_keys,
    "anyOf": _alternatives,
    "dependentRequired": _needed,
    "enum": _enum,
    "maximum": _maximum,
    "minItems": _empty,
    "minLength": _empty,
    "minimum": _minimum,
    "oneOf": _alternatives,
    "pattern": _pattern,
    "required": _missing,
    "type": _type,
}

_TYPES = {
    "string": "a string",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "a boolean",
    "array": "a list",
    "object": "a mapping",
    "null": "null",
}


def _kind(value: Any) -> str:
    return f"`{value}`" if isinstance(value, float) else from_plain(value, "").kind


def _must(failure: FailedKeyword, do: str, hint: str | None = None) -> Violation:
    return _violation(failure, f"{_subject(failure)} must {do}", hint)


def _violation(
    failure: FailedKeyword, message: str, hint: str | None = None, key: str | None = None
) -> Violation:
    return Violation(path=failure.path, message=message, hint=hint, key=key)


def _subject(failure: FailedKeyword) -> str:
    """The subject of the message: the value's key, the list that contains it, or the whole file."""
    if not failure.path:
        return "this"
    keys = [step for step in failure.path if isinstance(step, str)]
    if isinstance(failure.path[-1], str):
        return f"`{keys[-1]}`"
    return f"an item of `{keys[-1]}`" if keys else "an item"


def _example(failure: FailedKeyword) -> str | None:
    """A hint from the schema's examples; for a mapping, its first key."""
    for example in failure.schema.get("examples", ()):
        return f"for example `{next(iter(example)) if isinstance(example, dict) else example}`"
    return None
