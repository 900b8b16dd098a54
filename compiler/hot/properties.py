"""Values of properties in their types (heat/engine/properties.py), which are stricter than parameters.

A nested template's parameters are the properties of its resource. For a parameter null means no value, for a
property it means the zero of its type: '', 0, false, [] or {}.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable

from compiler.diagnostics import CompileError, Problem, closest
from compiler.hot.constraints import number
from compiler.hot.parameters import OnBroken
from compiler.hot.scope import OMITTED, Thunk
from compiler.hot.template import Declaration
from compiler.node import Mapping, Node, Scalar, Sequence, is_null, mapping_of, plain, scalar_of, sequence_of
from compiler.node.hidden import made_of, quoted


def property_value(kind: str, value: Node, what: str) -> Node:
    """The value of a property of that type. Raises CompileError at the value; `what` names the property."""
    try:
        return _TYPES[kind](value)
    except (TypeError, ValueError, OverflowError):
        raise CompileError(f"{what} must be {_NAMES[kind]}, not {_shown(value)}", value.span) from None


def _shown(value: Node) -> str:
    if not isinstance(value, Scalar) or value.value is None:
        return value.kind
    return quoted(str(value.value), value)


def passed_value(declaration: Declaration, value: Node, what: str, on_broken: OnBroken) -> Node:
    """The value that a nested template gets for a parameter, from the property that its parent evaluated.

    A list is passed as text and split again, so items that contain commas are split. A list of mappings
    becomes `.member.0.key=value` texts. No error shows the value of a hidden parameter.
    """
    try:
        converted = _converted(declaration, value, what)
        passed = _joined(converted, what) if declaration.type == "comma_delimited_list" else converted
    except CompileError:
        if not declaration.hidden:
            raise
        problem = f"{what} must be {_NAMES[declaration.type]}"
        raise CompileError(problem, value.span.without_text()) from None
    place = value.span.without_text() if declaration.hidden else value.span
    broken = [
        Problem(f"{what} violates the constraint `{constraint.name}`", place, constraint.rule_text)
        for constraint in declaration.constraints
        if constraint.violated_by(plain(converted))
    ]
    if broken:
        on_broken(CompileError.of(broken))
    return passed


def _converted(declaration: Declaration, value: Node, what: str) -> Node:
    if declaration.type == "json":
        return _json(value, what)
    if declaration.type == "comma_delimited_list" and _is_text(value):
        return sequence_of([scalar_of(part, value) for part in _split(value)], value)
    return property_value(declaration.type, value, what)


def _is_text(value: Node) -> bool:
    return isinstance(value, Scalar) and isinstance(value.value, str)


def _split(value: Node) -> list[str]:
    text = value.value if isinstance(value, Scalar) else ""
    return text.split(",") if isinstance(text, str) and text else []


def _json(value: Node, what: str) -> Node:
    if _is_text(value):
        return value
    if isinstance(value, Sequence):
        return scalar_of(json.dumps(plain(value)), made_of(value, value))
    return property_value("json", value, what)


def _joined(value: Node, what: str) -> Node:
    assert isinstance(value, Sequence)
    if not value.items:
        return scalar_of("", value)
    is_list_of_mappings = isinstance(value.items[0], Mapping)
    parts = _members(value, what) if is_list_of_mappings else (_item(item, what) for item in value.items)
    return scalar_of(",".join(parts), made_of(value, value))


def _members(value: Sequence, what: str) -> Iterable[str]:
    for count, item in enumerate(value.items):
        if not isinstance(item, Mapping):
            raise CompileError(f"the items of {what} must be mappings, not {item.kind}", item.span)
        for key, member in item.entries.items():
            yield f".member.{count}.{key}={plain(member)}"


def _item(item: Node, what: str) -> str:
    if is_null(item):
        return ""
    if not _is_text(item):
        raise CompileError(f"the items of {what} must be strings, not {item.kind}", item.span, "quote it")
    assert isinstance(item, Scalar)
    return str(item.value)


def _string(value: Node) -> Node:
    if _is_text(value):
        return value
    if not isinstance(value, Scalar) or isinstance(value.value, float):
        raise TypeError
    return scalar_of("" if value.value is None else str(value.value), value)


def _number(value: Node) -> Node:
    found = plain(value)
    return scalar_of(0 if found is None else number(found), value)


def _integer(value: Node) -> Node:
    found = plain(value)
    if isinstance(found, list | dict):
        raise TypeError
    return scalar_of(0 if found is None else int(found), value)


def _boolean(value: Node) -> Node:
    content = plain(value)
    if content is None or isinstance(content, bool):
        return scalar_of(bool(content), value)
    if not isinstance(content, str) or content.lower() not in ("true", "false"):
        raise ValueError
    return scalar_of(content.lower() == "true", value)


def _list(value: Node) -> Node:
    if is_null(value):
        return sequence_of([], value)
    if not isinstance(value, Sequence):
        raise TypeError
    return value


def _map(value: Node) -> Node:
    if is_null(value):
        return mapping_of({}, value)
    if not isinstance(value, Mapping):
        raise TypeError
    return value


_TYPES: dict[str, Callable[[Node], Node]] = {
    "string": _string,
    "number": _number,
    "integer": _integer,
    "boolean": _boolean,
    "comma_delimited_list": _list,
    "json": _map,
}
_NAMES = {
    "string": "a string",
    "number": "a number",
    "integer": "an integer",
    "boolean": "a boolean",
    "comma_delimited_list": "a list",
    "json": "a mapping",
}


class Properties:
    """The properties of one resource, each evaluated once, when it is needed."""

    def __init__(self, owner: str, thunks: dict[str, Thunk], place: Mapping) -> None:
        self.owner = owner  # how messages name the resource
        self.thunks = thunks
        self.place = place  # where they are written
        self._values: dict[str, Node] = {}

    def get(self, name: str) -> Node | None:
        """The value of a property as its template evaluates it; None if it is not set."""
        if name not in self._values and name in self.thunks:
            self._values[name] = self.thunks[name]()
        found = self._values.get(name)
        return None if found is OMITTED else found

    def value(self, name: str, kind: str) -> Node | None:
        """The value of a property in its type; None if it is not set."""
        found = self.get(name)
        return None if found is None else property_value(kind, found, self.called(name))

    def unless_null(self, name: str, kind: str) -> Node | None:
        """As `value`, but None for null too: a property that has a default keeps it."""
        return None if is_null(self.get(name)) else self.value(name, kind)

    def required(self, name: str, kind: str | None = None) -> Node:
        """The value of a required property, in its type if it has one."""
        node = self.get(name)
        if node is None:
            raise CompileError(
                f"{self.owner} needs the property `{name}`", self.place.span, "set it under `properties`"
            )
        return node if kind is None else property_value(kind, node, self.called(name))

    def called(self, name: str) -> str:
        """How messages name a property."""
        return f"property `{name}` of {self.owner}"

    def expect(self, known: Iterable[str], owner: str, what: str = "property") -> None:
        """Raise CompileError with every unknown property."""
        names = frozenset(known)
        problems = [
            Problem(f"{owner} has no {what} `{name}`", self.place.key_span(name), closest(name, names))
            for name in self.thunks
            if name not in names
        ]
        if problems:
            raise CompileError.of(problems)
