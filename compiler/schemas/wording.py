"""What a schema does not allow, in an operator's words.

jsonschema's own words are about schemas. Ours are about files: which key, what is wrong with it, what to do.
The keywords that our schemas use are the rows of `_WORDS`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from compiler.diagnostics import closest
from compiler.node import given

Steps: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """One value that its schema does not allow: where it stands, what is wrong, and what to do.

    `path` leads to the value by keys and list indices. With `key`, that key of the mapping there is meant.
    """

    path: Steps
    message: str
    hint: str | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One keyword of a schema that a value does not satisfy.

    Of `anyOf` and `oneOf`, `branches` has what each alternative found.
    """

    keyword: str
    wanted: Any  # the keyword's value
    schema: dict[str, Any]  # the keyword and its neighbours
    value: Any
    path: Steps
    branches: tuple[tuple[Finding, ...], ...] = ()


def violations(finding: Finding) -> Iterator[Violation]:
    """One finding as what an operator can mend: often one thing, sometimes several."""
    return _WORDS[finding.keyword](finding)


def _type(finding: Finding) -> Iterator[Violation]:
    yield _wrong_type(finding, _types(finding))


def _types(finding: Finding) -> list[str]:
    return [finding.wanted] if isinstance(finding.wanted, str) else list(finding.wanted)


def _wrong_type(finding: Finding, types: Iterable[str]) -> Violation:
    known = dict.fromkeys(types)
    wanted = " or ".join(_TYPES[name] for name in known)
    unquoted = isinstance(finding.value, int | float) and "string" in known
    return _must(
        finding, f"be {wanted}, not {_kind(finding.value)}", "put it in quotes" if unquoted else None
    )


def _enum(finding: Finding) -> Iterator[Violation]:
    value = finding.value
    allowed = [item if isinstance(item, str) else json.dumps(item) for item in finding.wanted]
    found, hint = (f"`{value}`", closest(value, allowed)) if isinstance(value, str) else (_kind(value), None)
    yield _must(finding, f"be one of {', '.join(allowed)}, not {found}", hint)


def _pattern(finding: Finding) -> Iterator[Violation]:
    yield _violation(finding, f"{_subject(finding)} cannot be `{finding.value}`", _example(finding))


def _minimum(finding: Finding) -> Iterator[Violation]:
    yield _must(finding, f"be at least {finding.wanted}, not {finding.value}")


def _maximum(finding: Finding) -> Iterator[Violation]:
    yield _must(finding, f"be at most {finding.wanted}, not {finding.value}")


def _empty(finding: Finding) -> Iterator[Violation]:
    yield _must(finding, "not be empty", _example(finding))


def _unknown_keys(finding: Finding) -> Iterator[Violation]:
    known = finding.schema.get("properties", {})
    patterns = finding.schema.get("patternProperties", {})
    for key in finding.value:
        if key in known or any(re.search(pattern, key) for pattern in patterns):
            continue
        if known:
            yield _violation(finding, f"unknown key `{key}`", closest(key, known), key)
        else:
            yield _violation(
                finding, f"a key of {_subject(finding)} cannot be `{key}`", _example(finding), key
            )


def _missing(finding: Finding) -> Iterator[Violation]:
    for key in finding.wanted:
        if key not in finding.value:
            yield _violation(finding, f"`{key}` is missing")


def _needed(finding: Finding) -> Iterator[Violation]:
    for key, others in finding.wanted.items():
        for other in others:
            if key in finding.value and other not in finding.value:
                yield _violation(finding, f"`{key}` needs `{other}` beside it", key=key)


def _alternatives(finding: Finding) -> Iterator[Violation]:
    """The alternative that was meant is the first whose type fits; if none does, all types are named."""
    choices = [choice["required"][0] for choice in finding.wanted if choice.keys() == {"required"}]
    if choices:  # asked of a mapping only; of anything else its type is wrong already
        return iter((_choice(finding, choices),) if isinstance(finding.value, dict) else ())
    wrong = [[below for below in branch if _is_type_of(finding, below)] for branch in finding.branches]
    meant = [branch for branch, types in zip(finding.branches, wrong, strict=True) if not types]
    if meant:
        return (violation for below in meant[0] for violation in violations(below))
    return iter(
        (_wrong_type(finding, (name for types in wrong for below in types for name in _types(below))),)
    )


def _is_type_of(finding: Finding, below: Finding) -> bool:
    return below.keyword == "type" and below.path == finding.path


def _choice(finding: Finding, choices: list[str]) -> Violation:
    """For alternatives that differ in nothing but the key they require."""
    present = [key for key in choices if key in finding.value]
    quoted = ", ".join(f"`{key}`" for key in present or choices)
    return _must(finding, f"have only one of {quoted}" if present else f"have one of {quoted}")


_WORDS: dict[str, Callable[[Finding], Iterator[Violation]]] = {
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
    return f"`{value}`" if isinstance(value, float) else given(value, "").kind


def _must(finding: Finding, what: str, hint: str | None = None) -> Violation:
    return _violation(finding, f"{_subject(finding)} must {what}", hint)


def _violation(finding: Finding, message: str, hint: str | None = None, key: str | None = None) -> Violation:
    return Violation(path=finding.path, message=message, hint=hint, key=key)


def _subject(finding: Finding) -> str:
    """What the message is about: the value's key, the list that it is an item of, or all there is."""
    if not finding.path:
        return "this"
    keys = [step for step in finding.path if isinstance(step, str)]
    if isinstance(finding.path[-1], str):
        return f"`{keys[-1]}`"
    return f"an item of `{keys[-1]}`" if keys else "an item"


def _example(finding: Finding) -> str | None:
    """A hint from the schema's examples; of a mapping its first key is the example."""
    for example in finding.schema.get("examples", ()):
        return f"for example `{next(iter(example)) if isinstance(example, dict) else example}`"
    return None
