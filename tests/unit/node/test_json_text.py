"""JSON as Heat reads it, with positions."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compiler.diagnostics import CompileError
from compiler.node import Mapping, plain, walk
from compiler.node.json_text import parse_json
from compiler.source import Source

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda below: st.lists(below) | st.dictionaries(st.text(), below),
    max_leaves=20,
)


def read(text: str):
    return parse_json(Source("test.json", text), [])


@given(VALUES, st.sampled_from([None, 1]), st.booleans())
def test_a_value_is_what_python_reads(value: object, indent: int | None, ascii_only: bool) -> None:
    assert plain(read(json.dumps(value, indent=indent, ensure_ascii=ascii_only))) == value


@given(VALUES)
def test_a_position_is_where_the_value_is_written(value: object) -> None:
    text = json.dumps(value, indent=1)
    for node in walk(read(text)):
        span = node.span
        lines = text.split("\n")[span.line - 1 : span.end_line]
        lines[-1] = lines[-1][: span.end_column - 1]
        assert json.loads("\n".join([lines[0][span.column - 1 :], *lines[1:]])) == plain(node)


def test_the_last_of_equal_keys_wins_and_is_noted() -> None:
    repeated: list = []
    root = parse_json(Source("test.json", '{"a": 1,\n "a": 2}'), repeated)
    assert isinstance(root, Mapping)
    (key,) = repeated
    assert (plain(root), key.first.span.line, key.again.span.line) == ({"a": 2}, 1, 2)


@pytest.mark.parametrize(
    ("text", "message", "place"),
    [
        ('{"a": [1 2]}', "invalid JSON: expecting ',' delimiter", "1:10"),
        (
            '{"a":\n "\\ud800"}',
            "an escape of a surrogate without its pair",
            "2:2",
        ),
        ("[" * 101 + "]" * 101, "nested deeper than 100 levels", "1:101"),
        ("[" * 100_000, "the JSON is nested too deeply, or a number in it is too long", "1:1"),
    ],
)
def test_a_mistake_is_told_with_its_place(text: str, message: str, place: str) -> None:
    with pytest.raises(CompileError) as raised:
        read(text)
    (problem,) = raised.value.problems
    assert problem.span is not None
    assert (problem.message, f"{problem.span.line}:{problem.span.column}") == (message, place)
