"""The published JSON Schemas of input files, and checking a file against one.

A schema is a file in this folder, which editors can use as well: `heatsink schema NAME` prints it.

template  the schema of service templates, made from that of role_data
wording   violations of a schema, in an operator's words
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from compiler.diagnostics import CompileError, HeatsinkError, Problem, closest
from compiler.node import Mapping, Node, Plain, Sequence, plain
from compiler.schemas import template, wording
from compiler.schemas.wording import FailedKeyword, Violation

if TYPE_CHECKING:  # jsonschema takes longer to import than everything that `heatsink --help` needs
    from jsonschema import Draft202012Validator, ValidationError

__all__ = ["Violation", "check", "names", "path", "text", "violations"]

_FOLDER = Path(__file__).parent
_SUFFIX = ".schema.json"


def names() -> tuple[str, ...]:
    """The names of all schemas, sorted: `environment`, `hosts`, …"""
    return tuple(sorted(path.name.removesuffix(_SUFFIX) for path in _FOLDER.glob(f"*{_SUFFIX}")))


def text(name: str) -> str:
    """A schema as JSON text. Raises HeatsinkError if there is none of that name."""
    written = path(name).read_text(encoding="utf-8")
    if name not in _COMPOSED:
        return written
    part, compose = _COMPOSED[name]
    return (
        json.dumps(compose(json.loads(written), json.loads(text(part))), indent=1, ensure_ascii=False) + "\n"
    )


def _with_image(images: template.JsonSchema, image: template.JsonSchema) -> template.JsonSchema:
    """The schema of images files with the definition `image`, which the file only refers to."""
    return images | {"$defs": {"image": {key: value for key, value in image.items() if key != "$schema"}}}


_COMPOSED = {"template": ("role_data", template.with_role_data), "images": ("image", _with_image)}
"""Schemas that contain another one, and how."""


def path(name: str) -> Path:
    """The file of a schema. Raises HeatsinkError if there is none of that name."""
    if name not in names():
        hint = closest(name, names()) or f"the schemas are {', '.join(names())}"
        raise HeatsinkError(f"unknown schema `{name}`", hint=hint)
    return _FOLDER / f"{name}{_SUFFIX}"


def check(node: Node, name: str) -> None:
    """Raise a CompileError with all violations of a schema in a node, in the order of the text."""
    value = plain(node)
    if not _is_valid(name, json.dumps(_essence(value))):
        problems = dict.fromkeys(_problem(node, violation) for violation in violations(value, name))
        if problems:  # none if a container happens to have a name of _FREE
            raise CompileError.of(sorted(problems, key=_place))


def violations(value: Plain, name: str) -> Iterator[Violation]:
    """All violations of a schema in a plain value; none if it is valid."""
    failures = map(_failure, _validator(name).iter_errors(value))
    yield from dict.fromkeys(chain.from_iterable(map(wording.violations, failures)))


_FREE = frozenset(("ini", "json", "template", "text", "variables", "yaml"))  # of config_data


def _essence(value: Plain, *, is_free: bool = False) -> Plain:
    """The value with free-form data reduced to its types, because the schema says nothing else about it.

    Values that differ between hosts, such as addresses, are mostly in configuration files.
    """
    if isinstance(value, dict):
        return {key: _essence(item, is_free=is_free or key in _FREE) for key, item in value.items()}
    if isinstance(value, list):
        return [_essence(item, is_free=is_free) for item in value]
    return value if not is_free or value is None else type(value)()


@lru_cache(maxsize=4096)
def _is_valid(name: str, content: str) -> bool:
    """Whether JSON is valid; cached, because the hosts of a role share most of their services' data."""
    return _validator(name).is_valid(json.loads(content))


@lru_cache
def _validator(name: str) -> Draft202012Validator:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(_schema(name))


@lru_cache
def _schema(name: str) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads(text(name), object_hook=_for_python)
    return schema


def _for_python(part: dict[str, Any]) -> dict[str, Any]:
    """A part of a schema whose `$` is the end of the text, as in JSON Schema, and no line end before it."""
    if isinstance(part.get("pattern"), str):
        part["pattern"] = _at_end(part["pattern"])
    if "patternProperties" in part:
        part["patternProperties"] = {_at_end(key): value for key, value in part["patternProperties"].items()}
    return part


def _at_end(pattern: str) -> str:
    return pattern[:-1] + r"\Z" if pattern.endswith("$") else pattern


def _failure(error: ValidationError) -> FailedKeyword:
    assert isinstance(error.schema, dict)  # our schemas have no `false`
    branches: dict[object, list[FailedKeyword]] = {}
    for below in error.context or ():
        branches.setdefault(below.relative_schema_path[0], []).append(_failure(below))
    return FailedKeyword(
        keyword=str(error.validator),
        expected=error.validator_value,
        schema=error.schema,
        value=error.instance,
        path=tuple(error.absolute_path),
        branches=tuple(tuple(branch) for branch in branches.values()),
    )


def _problem(root: Node, violation: Violation) -> Problem:
    """The violation at its place. Of a hidden value or key nothing is shown but the key above it."""
    place, above = root, ("this", root)
    for step in violation.path:
        if isinstance(place, Mapping):
            key, place = place.key_node(str(step)), place.entries[str(step)]
            if key.is_hidden:
                return _hidden(*above)
            above = (f"`{step}`", key)
        elif isinstance(place, Sequence):
            place = place.items[int(step)]
    if violation.key is not None and isinstance(place, Mapping):
        place = place.key_node(violation.key)
    if place.is_hidden:
        return _hidden(*above)
    return Problem(violation.message, place.span, violation.hint)


def _hidden(name: str, key: Node) -> Problem:
    return Problem(f"the hidden value of {name} is not valid", key.span)


def _place(problem: Problem) -> tuple[str, int, int]:
    span = problem.span
    return (span.source.name, span.line, span.column) if span else ("", 0, 0)
