"""YAML to nodes: values as Heat reads them, places, and what is refused."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.diagnostics import CompileError
from compiler.node import Mapping, Scalar, plain
from compiler.node.yaml import Duplicates, parse
from compiler.source import Source
from tests.support.examples import examples


def node(text: str, duplicates: Duplicates = Duplicates.REFUSED):
    return parse(Source("test.yaml", text), duplicates)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", True),
        ("off", False),
        ("~", None),
        ("0600", 384),
        ("'0600'", "0600"),
        ("1.5", 1.5),
        ("1e3", "1e3"),
        ("22:22", 1342),
        ("2013-05-23", "2013-05-23"),
        ("'='", "="),
        ("!!str 12", "12"),
        ("abc", "abc"),
    ],
)
def test_scalars_are_read_as_heat_reads_them(text, value):
    read = plain(node(text))
    assert (type(read), read) == (type(value), value)


def test_keys_become_strings_as_json_makes_them():
    assert plain(node("{1: a, yes: b, ~: c, 1.5: d}")) == {"1": "a", "true": "b", "null": "c", "1.5": "d"}


def test_a_node_knows_where_it_was_written():
    root = node("a:\n  - b\n  - cde: f\n")
    assert isinstance(root, Mapping)
    item = root.entries["a"].items[1]
    assert str(item.key_span("cde")) == "test.yaml:3:5"
    assert item.key_span("cde").end_column == 8


def test_merge_keys_lie_below_the_mapping_that_merges_them():
    assert plain(node("a: &a {x: 1, y: 2}\nb: {<<: *a, y: 3}")) == {
        "a": {"x": 1, "y": 2},
        "b": {"x": 1, "y": 3},
    }


def test_the_last_of_two_equal_keys_wins_where_heat_says_so():
    assert plain(node("{a: 1, a: 2}", Duplicates.LAST)) == {"a": 2}


def test_an_empty_text_has_no_document():
    assert node("# nothing\n") is None


@pytest.mark.parametrize(
    ("text", "message", "place"),
    [
        ("a: 1\na: 2\n", "duplicate key `a`", "test.yaml:2:1"),
        ("a: [1\n", "invalid YAML: expected `,` or `]`", "test.yaml:2:1"),
        ("a: *b\n", "undefined alias `*b`", "test.yaml:1:4"),
        ("a: &a [*a]\n", "alias `*a` is inside its own anchor", "test.yaml:1:8"),
        ("a:\n\tb: 1\n", "invalid YAML: a tab is used for indentation", "test.yaml:2:1"),
        ("a: 1\n\tb: 1\n", "invalid YAML: a tab is used for indentation", "test.yaml:2:1"),
        ("a: @b\n", "invalid YAML: a value cannot start with `@`", "test.yaml:1:4"),
        ("a: b: c\n", "invalid YAML: unexpected `:`", "test.yaml:1:5"),
        ("a: 1\nb\nc: 2\n", "invalid YAML: missing `:` after a key", "test.yaml:2:1"),
        ("a: 'b\nc: 1\n", "invalid YAML: unclosed quote", "test.yaml:1:4"),
        ("a: 1\n- b\n", "invalid YAML: expected a key of the mapping that starts on line 1", "test.yaml:2:1"),
        ("%FOO\na: 1\n", "invalid YAML: found unknown directive name", "test.yaml:1:5"),
        ("\u00e9: 1\nb: \u00fc\x01\n", "invalid YAML: character U+0001 is not allowed", "test.yaml:2:5"),
        ("? [a]\n: 1\n", "a key must be a scalar", "test.yaml:1:3"),
        ("a: =\n", "`=` without quotes is not a value in YAML 1.1", "test.yaml:1:4"),
        ("a: [<<]\n", "`<<` without quotes is not a value in YAML 1.1", "test.yaml:1:5"),
        ("a: !!map [b]\n", "tag `tag:yaml.org,2002:map` is not supported here", "test.yaml:1:4"),
        (
            "a: !!omap [b]\n",
            "an item of `!!omap` or `!!pairs` must be a mapping with one key",
            "test.yaml:1:12",
        ),
        ("a: !thing 1\n", "tag `!thing` is not supported here", "test.yaml:1:4"),
        ("a: 1\n---\nb: 2\n", "a second YAML document starts here", "test.yaml:2:1"),
        ("[" * 101 + "]" * 101, "nested deeper than 100 levels", "test.yaml:1:101"),
    ],
)
def test_what_is_no_yaml_of_ours_is_refused_with_its_place(text, message, place):
    with pytest.raises(CompileError) as caught:
        node(text)
    assert message in str(caught.value)
    assert str(caught.value.problems[0].span) == place


def test_a_yaml_bomb_is_refused_before_it_expands():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    with pytest.raises(CompileError, match="aliases expand this to more than"):
        node("\n".join(lines))


def test_a_long_chain_of_aliases_is_refused_before_it_recurses():
    lines = ["a0: &a0 [x]", *(f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, 2000))]
    with pytest.raises(CompileError, match="aliases expand this"):
        node("\n".join(lines))


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(blacklist_categories=("Cs", "Cc"))),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text("abcxyz", min_size=1), inner, max_size=4)
    ),
    max_leaves=20,
)


@settings(max_examples=examples(200))
@given(VALUES)
def test_values_equal_those_of_pyyaml(value):
    text = yaml.safe_dump(value, allow_unicode=True)
    assert plain(node(text)) == yaml.safe_load(text)


SPECIAL = st.sampled_from("a:-{}[],&*!|>'\"%@`?#\\ \t\n\r\x85\u2028\x01\u00e9")


@settings(max_examples=examples(300))
@given(st.text(max_size=60) | st.text(SPECIAL, max_size=14))
def test_any_text_is_nodes_or_an_error_of_ours(text):
    try:
        read = node(text)
    except CompileError as error:
        assert error.problems[0].span is not None
        assert error.render()
    else:
        assert read is None or isinstance(read, Scalar | Mapping) or read.items is not None
