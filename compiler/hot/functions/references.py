"""Functions that look something up: parameters, attributes, files, the parent."""

from __future__ import annotations

from compiler.hot.functions.arguments import kind_of, listed, shown, text
from compiler.hot.reads import Digits, Key, member
from compiler.hot.resource import Resource
from compiler.hot.scope import OMITTED, Functions, MisuseError, Scope
from compiler.node import Mapping, Node, Scalar, Sequence, is_null, mapping_of, scalar_of, text_of
from compiler.node.hidden import made_of

FACADE = ("metadata", "deletion_policy", "update_policy")


def get_param(scope: Scope, argument: Node, call: Mapping) -> Node:
    """A parameter, or the value at a path in it; '' if there is none."""
    written = scope.value(argument)
    path = written.items if isinstance(written, Sequence) else [written]
    if not path or not isinstance(written, Sequence | Scalar):
        raise MisuseError(f"takes a name or a path, not {written.kind}")
    name = text(path[0], "the name of a parameter")
    value = scope.stack.parameter(name, made_of(argument, path[0]))
    keys = steps(path[1:])
    found = None if keys is None else member(value, keys, Digits.INDEX)
    if keys is not None:
        scope.stack.record_read((name, *keys), found)
    if found is not None:
        return found
    if not scope.is_condition:
        scope.stack.record_missing(call, path, value)
    return scalar_of("", call)


def steps(path: list[Node]) -> tuple[Key, ...] | None:
    """A path as keys and indices; None if a step is neither, so that nothing is at the path."""
    keys = [step.value for step in path if isinstance(step, Scalar) and isinstance(step.value, str | int)]
    return tuple(keys) if len(keys) == len(path) else None


def get_attr(scope: Scope, argument: Node, call: Mapping) -> Node:
    """An attribute of a resource, or the value at a path in it; null if there is none."""
    written = argument.items if isinstance(argument, Sequence) else [argument]
    resource = _resource(scope, written[0])
    if len(written) == 1 or is_null(written[1]):
        return resource.attributes(call)
    name = scope.value(written[1])
    attribute = text(name, "the name of an attribute")
    path = [step for step in map(scope.evaluate, written[2:]) if step is not OMITTED]
    for step in path:
        if not isinstance(step, Scalar):
            raise MisuseError(f"takes keys and indices as its path, not {step.kind}", step)
    keys = steps(path)
    found = resource.attribute(attribute, keys or (), made_of(call, name, *path))
    return scalar_of(None, call) if keys is None else found


def _resource(scope: Scope, name: Node) -> Resource:
    written = scope.value(name)
    return scope.stack.find_resource(text(written, "the name of a resource"), made_of(name, written))


def known_attribute(scope: Scope, argument: Node, call: Mapping) -> None:
    """Raise CompileError if the resource or its attribute does not exist."""
    written = argument.items if isinstance(argument, Sequence) else [argument]
    resource = _resource(scope, written[0])
    if len(written) > 1 and not is_null(written[1]):
        name = scope.value(written[1])
        resource.expect(text(name, "the name of an attribute"), made_of(call, name))


def attribute_path(functions: Functions, argument: Node, call: Mapping) -> None:
    """Expect a list; Heat also accepts the name of a resource that is a single letter."""
    if not (isinstance(argument, Scalar) and isinstance(argument.value, str) and len(argument.value) == 1):
        listed(1)(functions, argument, call)


def get_file(scope: Scope, argument: Node, call: Mapping) -> Node:
    """The text of a file beside the template. Its path is literal: Heat's client sends no other file."""
    if not isinstance(argument, Scalar) or not isinstance(argument.value, str):
        raise MisuseError(f"takes a literal path, not {kind_of(scope.functions, argument)}")
    return text_of(scope.stack.file(argument.value, argument))


def get_resource(scope: Scope, argument: Node, call: Mapping) -> Node:
    """The id of a resource."""
    return _resource(scope, argument).reference(call)


def facade(functions: Functions, argument: Node, call: Mapping) -> None:
    """The name of a field that a template may read of its own resource."""
    if not isinstance(argument, Scalar) or argument.value not in FACADE:
        raise MisuseError(f"takes {', '.join(FACADE)}, not {shown(argument)}", argument)


def resource_facade(scope: Scope, argument: Node, call: Mapping) -> Node:
    """A field of the parent's resource that this template belongs to."""
    assert isinstance(argument, Scalar)
    field = str(argument.value)
    value = scope.stack.facade(field, call)
    if field != "deletion_policy":
        return mapping_of({}, call) if value is None else value
    if value is None:
        return scalar_of("Delete", call)
    return scalar_of(str(value.value).capitalize() if isinstance(value, Scalar) else None, call)
