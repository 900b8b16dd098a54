"""The schema of service templates, for editors: HOT, with role_data in which functions may stand for values.

`heatsink compile` does not use it: it checks role_data after its evaluation.
"""

from __future__ import annotations

from typing import Any, TypeAlias

JsonSchema: TypeAlias = dict[str, Any]

_NAMED = ("properties", "patternProperties")
_EVERY = ("items", "additionalProperties")
_CALL = {"$ref": "#/$defs/call"}


def with_role_data(template: JsonSchema, role_data: JsonSchema) -> JsonSchema:
    """The schema of templates with the definition `role_data`, which the file only refers to.

    It requires no `service_name`: what a nested template puts out may be a part of a service's role_data.
    """
    of_services = ("$schema", "$defs", "title", "required")
    own = {key: value for key, value in role_data.items() if key not in of_services}
    definitions = {name: _inside(schema) for name, schema in role_data["$defs"].items()}
    return template | {"$defs": {**template["$defs"], "role_data": _or_call(own), **definitions}}


def _or_call(schema: Any) -> Any:
    """A schema that a function's call satisfies too, here and inside."""
    if not isinstance(schema, dict) or schema.keys() <= {"description"}:
        return schema
    hover = {"description": schema["description"]} if "description" in schema else {}
    return {**hover, "anyOf": [_inside(schema), _CALL]}


def _inside(schema: JsonSchema) -> JsonSchema:
    """The schema with `_or_call` applied to the values that it describes."""
    named = {
        key: {name: _or_call(value) for name, value in schema[key].items()} for key in _NAMED if key in schema
    }
    every = {key: _or_call(schema[key]) for key in _EVERY if key in schema}
    return schema | named | every
