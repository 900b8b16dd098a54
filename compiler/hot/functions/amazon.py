"""Functions of CloudFormation that early versions of HOT had (heat/engine/cfn/functions.py)."""

from __future__ import annotations

import json

from compiler.hot.functions import references
from compiler.hot.functions.arguments import items, text
from compiler.hot.functions.texts import formatted_scalar, str_replace
from compiler.hot.scope import Functions, MisuseError, Scope
from compiler.node import Mapping, Node, Plain, Scalar, mapping_of, node_of, plain, scalar_of
from compiler.node.hidden import made_of


def ref(scope: Scope, argument: Node, call: Mapping) -> Node:
    """A resource's id, or a parameter."""
    written = scope.value(argument)
    name, place = text(written, "a name"), made_of(argument, written)
    if scope.stack.has_resource(name):
        return scope.stack.find_resource(name, place).reference(call)
    return scope.stack.parameter(name, place)


def select(scope: Scope, argument: Node, call: Mapping) -> Node:
    """One item of a list or mapping, or of the JSON text of one; '' if there is none."""
    written, source = (scope.value(item) for item in items(argument, "a list"))
    index, collection = plain(written), plain(source)
    if isinstance(collection, str) and collection:
        try:
            collection = json.loads(collection)
        except ValueError:
            raise MisuseError("takes a collection, or the JSON text of one") from None
    return node_of(_selected(index, collection), made_of(call, source))


def _selected(index: Plain, collection: Plain) -> Plain:
    if collection is None or collection == "":
        return ""
    if isinstance(collection, dict):
        if not isinstance(index, str):
            raise MisuseError("takes a string as the key in a mapping")
        return collection.get(index, "")
    if not isinstance(collection, list):
        raise MisuseError("takes a list or a mapping")
    try:
        return collection[int(index)]  # type: ignore[arg-type] # a TypeError is what it is for
    except (TypeError, ValueError, OverflowError):
        raise MisuseError("takes a number as the index in a list") from None
    except IndexError:
        return ""


def split(scope: Scope, argument: Node, call: Mapping) -> Node:
    """A string split at a delimiter."""
    delimiter, written = (scope.value(item) for item in items(argument, "a list"))
    parts: list[Plain] = list(
        text(written, "a string").split(text(delimiter, "a string as the delimiter") or None)
    )
    return node_of(parts, made_of(call, written))


def replace(scope: Scope, argument: Node, call: Mapping) -> Node:
    """str_replace with its mapping first."""
    params, template = items(argument, "a list")
    fields = mapping_of({"params": params, "template": template}, call)
    return str_replace(formatted_scalar)(scope, fields, call)


def base64(scope: Scope, argument: Node, call: Mapping) -> Node:
    """The text itself: Heat encodes nothing."""
    written = scope.value(argument)
    return scalar_of(text(written, "a string"), made_of(call, written))


def member_list_to_map(scope: Scope, argument: Node, call: Mapping) -> Node:
    """`.member.0.Name=key`, `.member.0.Value=value` texts as a mapping."""
    key, value, members = (scope.value(item) for item in items(argument, "a list"))
    key_name, value_name = (
        text(key, "a string as the name of keys"),
        text(value, "a string as the name of values"),
    )
    pairs = (text(item, "strings").partition("=") for item in items(members, "a list of members"))
    by_number: dict[str, dict[str, str]] = {}
    for name, _, member in pairs:
        parts = name.strip(".").split(".")
        if len(parts) == 3:
            by_number.setdefault(parts[1], {})[parts[2]] = member
    whole = {
        pair[key_name]: pair.get(value_name) for _, pair in sorted(by_number.items()) if key_name in pair
    }
    present: Plain = {name: member for name, member in whole.items() if member is not None}
    return node_of(present, made_of(call, members))


def zones(scope: Scope, argument: Node, call: Mapping) -> Node:
    """Availability zones: the one that every cloud has."""
    return node_of(["nova"], call)


_FACADE = {"Metadata": "metadata", "DeletionPolicy": "deletion_policy", "UpdatePolicy": "update_policy"}


def facade(functions: Functions, argument: Node, call: Mapping) -> None:
    """The name of a field that a template may read of its own resource."""
    if not isinstance(argument, Scalar) or argument.value not in _FACADE:
        raise MisuseError(f"takes one of {', '.join(_FACADE)}", argument)


def resource_facade(scope: Scope, argument: Node, call: Mapping) -> Node:
    """resource_facade with the names of CloudFormation."""
    assert isinstance(argument, Scalar)
    return references.resource_facade(scope, scalar_of(_FACADE[str(argument.value)], argument), call)
