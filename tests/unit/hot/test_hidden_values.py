"""Hidden values are followed by where they come from, and not by what they are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from compiler.diagnostics import CompileError
from compiler.node import Plain
from compiler.node.hidden import holds_hidden
from tests.support.templates import root

SECRET = {"get_param": "Secret"}
PARAMETERS: Plain = {
    "Secret": {"type": "string", "hidden": True, "default": "s3cret"},
    "One": {"type": "string", "hidden": True, "default": "1"},
    "Empty": {"type": "string", "hidden": True, "default": ""},
    "Users": {"type": "json", "hidden": True, "default": {"admin": "s3cret"}},
    "Public": {"type": "json", "default": {"port": "80", "one": "1"}},
}


def is_hidden(folder: Path, expression: Plain) -> bool:
    """Whether what an expression is worth holds a hidden value."""
    return holds_hidden(evaluated(folder, expression))


def evaluated(folder: Path, expression: Plain):
    path = folder / "main.yaml"
    output = {"it": {"value": expression}}
    template = {"heat_template_version": "wallaby", "parameters": PARAMETERS, "outputs": output}
    path.write_text(json.dumps(template))
    stack = root(path)
    return stack.output("it", stack.template.root)


@pytest.mark.parametrize(
    "expression",
    [
        SECRET,
        {"get_param": "Empty"},
        {"get_param": ["Users", "admin"]},
        {"a": [SECRET]},
        {"list_join": [",", ["a", SECRET]]},
        {"list_join": [SECRET, ["a", "b"]]},
        {"str_replace": {"template": "a X", "params": {"X": {"b": SECRET}}}},
        {"str_replace": {"template": SECRET, "params": {"3": "e"}}},
        {"str_split": [",", SECRET]},
        {"digest": ["sha256", SECRET]},
        {"make_url": {"host": "h", "password": SECRET}},
        {"map_merge": [{"a": "b"}, {"get_param": "Users"}]},
        {"map_replace": [{"a": "b"}, {"keys": {"a": SECRET}}]},
        {"map_replace": [{"a": "b"}, {"values": {"b": SECRET}}]},
        {"repeat": {"template": "%u%", "for_each": {"%u%": [SECRET]}}},
        {"repeat": {"template": {"%u%": "x"}, "for_each": {"%u%": {"get_param": "Users"}}}},
        {"yaql": {"expression": "$.data.s", "data": {"s": SECRET}}},
        {"yaql": {"expression": "$.data.s.toUpper()", "data": {"s": SECRET}}},
        {"yaql": {"expression": "$.data.s.len()", "data": {"s": SECRET}}},
        {"yaql": {"expression": "$.data.s", "data": {"s": {"get_param": "One"}, "p": "1"}}},
        {"yaql": {"expression": "{x => $.data.s}", "data": {"s": SECRET}}},
        {"yaql": {"expression": "dict([[$.data.s, x]])", "data": {"s": SECRET}}},
        {"if": [True, SECRET, "b"]},
    ],
    ids=json.dumps,
)
def test_what_is_made_of_a_hidden_value_is_hidden(tmp_path: Path, expression: Plain) -> None:
    assert is_hidden(tmp_path, expression)


@pytest.mark.parametrize(
    "expression",
    [
        "1",
        {"get_param": ["Public", "one"]},
        {"str_replace": {"template": "1 a", "params": {"X": SECRET}}},
        {"list_join": ["", ["1", "a"]]},
        {"if": [{"equals": [SECRET, "s3cret"]}, "1", "2"]},
        {"contains": ["s", SECRET]},
        {"filter": [[{"get_param": "One"}], ["1", "2"]]},
        {"yaql": {"expression": "$.data.p.port", "data": {"p": {"get_param": "Public"}, "s": SECRET}}},
        {"yaql": {"expression": "$.data.p", "data": {"p": {"a": ["x"]}, "s": SECRET}}},
        {"yaql": {"expression": "{x => $.data.p}", "data": {"p": ["y"], "s": SECRET}}},
        {"yaql": {"expression": "$.data.s = x", "data": {"s": SECRET}}},
    ],
    ids=json.dumps,
)
def test_what_is_only_equal_to_a_hidden_value_or_chosen_by_one_is_not(
    tmp_path: Path, expression: Plain
) -> None:
    assert not is_hidden(tmp_path, expression)


@pytest.mark.parametrize(
    "expression",
    [
        {"get_param": [SECRET]},
        {"get_resource": SECRET},
        {"str_split": [",", "a,b", SECRET]},
        {"make_url": {"host": "h", "port": SECRET}},
        {"make_url": {"scheme": {"list_join": [":", [SECRET, ""]]}, "host": "h"}},
        {"digest": [SECRET, "a"]},
        {"digest": ["md5", {"list_join": ["", [SECRET, "\u2603"]]}]},
        {"yaql": {"expression": "int($.data)", "data": SECRET}},
        {"yaql": {"expression": {"list_join": ["", [SECRET, "("]]}}},
        {"map_replace": [{"a": "b", "s3cret": "c"}, {"keys": {"a": SECRET}}]},
        {"map_merge": [SECRET]},
        {"str_replace_strict": {"template": "a", "params": {"map_merge": [{"get_param": "Users"}]}}},
    ],
    ids=json.dumps,
)
def test_no_message_shows_a_hidden_value(tmp_path: Path, expression: Plain) -> None:
    with pytest.raises(CompileError) as caught:
        evaluated(tmp_path, expression)
    message = caught.value.problems[0].message
    assert "s3cret" not in message
    assert "\u2603" not in message
