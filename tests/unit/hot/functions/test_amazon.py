"""What HOT's first version took over from CloudFormation, by the examples of Heat's documentation."""

from __future__ import annotations

import pytest

from compiler.diagnostics import CompileError
from tests.support.templates import value

MEMBERS = [".member.0.Name=key", ".member.0.Value=door", ".member.1.Name=colour", ".member.1.Value=green"]
PARAMETERS = {"port": {"type": "number", "default": 80}}


def in_the_first_version(expression: object) -> object:
    return value(expression, heat_template_version="2013-05-23", parameters=PARAMETERS)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ({"Ref": "port"}, 80),
        ({"Fn::Select": [1, ["apples", "grapes"]]}, "grapes"),
        ({"Fn::Select": ["1", ["apples", "grapes"]]}, "grapes"),
        ({"Fn::Select": [2, ["apples", "grapes"]]}, ""),
        ({"Fn::Select": ["red", {"red": "a"}]}, "a"),
        ({"Fn::Select": ["blue", {"red": "a"}]}, ""),
        ({"Fn::Select": [1, '["apples", "grapes"]']}, "grapes"),
        ({"Fn::Select": [0, ""]}, ""),
        ({"Fn::Split": [",", "a,b,c"]}, ["a", "b", "c"]),
        ({"Fn::Replace": [{"%port%": 80}, "on %port%"]}, "on 80"),
        ({"Fn::Base64": "text"}, "text"),
        ({"Fn::MemberListToMap": ["Name", "Value", MEMBERS]}, {"key": "door", "colour": "green"}),
        ({"Fn::MemberListToMap": ["Name", "Value", ["no member", ".member.0.Value=door"]]}, {}),
        ({"Fn::GetAZs": ""}, ["nova"]),
    ],
)
def test_a_function_of_cloudformation_has_its_value(expression: object, expected: object) -> None:
    assert in_the_first_version(expression) == expected


@pytest.mark.parametrize(
    "expression",
    [
        {"Fn::Select": ["one", ["apples"]]},
        {"Fn::Select": [0, {"red": "a"}]},
        {"Fn::Select": [0, "no JSON"]},
        {"Fn::Select": [0, "80"]},
        {"Fn::Base64": ["text"]},
        {"Fn::ResourceFacade": "Name"},
    ],
)
def test_a_misused_function_of_cloudformation_is_refused(expression: object) -> None:
    with pytest.raises(CompileError):
        in_the_first_version(expression)


@pytest.mark.parametrize("name", ["Fn::Join", "Fn::MemberListToMap", "Fn::ResourceFacade", "Fn::Select"])
def test_a_removed_function_says_so_whatever_its_argument(name: str) -> None:
    with pytest.raises(CompileError, match=f"`{name}` was removed from HOT"):
        value({name: None})
