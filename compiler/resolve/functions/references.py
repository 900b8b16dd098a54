"""Functions that look something up: a parameter, an attribute, a file, the parent."""

from __future__ import annotations

from compiler.diagnostics import CompileError
from compiler.node import Mapping, Node, Scalar, Sequence, is_null, mapping_of, scalar_of, text_of
from compiler.resolve.functions.intrinsic import MisuseError, listed, said, shown, text
from compiler.resolve.instance import Scope
from compiler.resolve.reads import Digits, Key, member

FACADE = ("metadata", "deletion_policy", "update_policy")


def get_param(scope: Scope, argument: Node, call: Mapping) -> Node:
    """A parameter, or what lies at a path in it: '' where nothing does."""
    found = scope.value(argument)
    path = found.items if isinstance(found, Sequence) else [found]
    if not path or not isinstance(found, Sequence | Scalar):
        raise MisuseError(f"takes a name or a path, not {found.kind}")
    name = text(path[0], "the name of a parameter")
    value = scope.at.parameter(name, argument)
    keys = steps(path[1:])
    at = None if keys is None else member(value, keys, Digits.INDEX)
    if scope.at.varies(name) and keys is not None:
        scope.at.read_variant((name, *keys), at)
    return scalar_of("", call) if at is None else at


def steps(path: list[Node]) -> tuple[Key, ...] | None:
    """A path as keys and indices; None if a step is neither, so that the path leads nowhere."""
    keys = [step.value for step in path if isinstance(step, Scalar) and isinstance(step.value, str | int)]
    return tuple(keys) if len(keys) == len(path) else None


def get_attr(scope: Scope, argument: Node, call: Mapping) -> Node:
    """An attribute of a resource, or what lies at a path in it; null where nothing does."""
    written = argument.items if isinstance(argument, Sequence) else [argument]
    name, *path = (scope.value(item) for item in written)
    resource = scope.at.find_resource(text(name, "the name of a resource"), argument)
    if not path or is_null(path[0]):
        return resource.attributes(call)
    keys = steps(path[1:])
    attribute = text(path[0], "the name of an attribute")
    found = resource.attribute(attribute, keys or (), call)
    return scalar_of(None, call) if keys is None else found


def attribute_path(scope: Scope, argument: Node, call: Mapping) -> None:
    """A list; Heat takes the name of a resource for one, if it is a single letter."""
    if not (isinstance(argument, Scalar) and isinstance(argument.value, str) and len(argument.value) == 1):
        listed(1)(scope, argument, call)


def get_file(scope: Scope, argument: Node, call: Mapping) -> Node:
    """The text of a file beside the template. Its path is written in place: Heat's client sends no other."""
    if not isinstance(argument, Scalar) or not isinstance(argument.value, str):
        raise MisuseError(f"takes the path of a file as it is written, not {said(scope, argument)}")
    return text_of(scope.at.file(argument.value, argument))


def get_resource(scope: Scope, argument: Node, call: Mapping) -> Node:
    """What Heat calls a resource: its id."""
    name = text(scope.value(argument), "the name of a resource")
    return scope.at.find_resource(name, argument).reference(call)


def facade(scope: Scope, argument: Node, call: Mapping) -> None:
    """The name of one of the three things that a template may ask of the resource that it is."""
    if not isinstance(argument, Scalar) or argument.value not in FACADE:
        raise MisuseError(f"knows {', '.join(FACADE)}, not {shown(argument)}", argument)


def resource_facade(scope: Scope, argument: Node, call: Mapping) -> Node:
    """What the parent says of the resource that this template is."""
    assert isinstance(argument, Scalar)
    at = scope.at
    if at.parent is None:
        raise CompileError("the root template is no resource of another", call.span)
    definition = at.parent.template.resources.get(".".join(at.resource))
    written = None if definition is None else definition.entries.get(str(argument.value))
    if written is not None and not is_null(written):
        found = at.parent.scope.value(written)
        if argument.value == "deletion_policy":
            return scalar_of(str(found.value).capitalize() if isinstance(found, Scalar) else None, call)
        return found
    return scalar_of("Delete", call) if argument.value == "deletion_policy" else mapping_of({}, call)
