"""Laws of intrinsic functions, and what they give against models that share nothing with them."""

from __future__ import annotations

import itertools
import json
from functools import reduce

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.diagnostics import CompileError
from compiler.hot.functions import conditions, known, values
from compiler.hot.versions import Version
from tests.support.examples import examples
from tests.support.templates import value

law = settings(max_examples=examples(200))
scalar = st.sampled_from([None, True, False, 0, 1, 2, 1.0, 1.5, "", "a", "b", "1"])
plain = st.recursive(
    scalar,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=5,
)
lists = st.lists(plain, max_size=4)
mappings = st.dictionaries(st.sampled_from("abcd"), plain, max_size=4)


def spelt(json_value):
    """JSON with its keys in order, so that true is not 1, nor {a: 1, b: 2} the same as {b: 2, a: 1}."""
    return json.dumps(json_value)


# str_replace: no key stands for a character of its own, so each can become one before any becomes its value


def in_two_goes(template, params):
    keys = sorted(params, key=lambda key: (-len(key), key))
    marks = [chr(0xE000 + index) for index in range(len(keys))]
    marked = reduce(lambda text, pair: text.replace(*pair), zip(keys, marks, strict=True), template)
    return reduce(
        lambda text, pair: text.replace(pair[0], params[pair[1]]), zip(marks, keys, strict=True), marked
    )


words = st.text("abA$", max_size=8)


@law
@given(template=st.text("abA$ ", max_size=30), params=st.dictionaries(words.filter(bool), words, max_size=5))
def test_str_replace_takes_the_longest_key_first_and_never_reads_what_it_put_in(template, params):
    replaced = value({"str_replace": {"template": template, "params": params}})
    assert replaced == in_two_goes(template, params)


@law
@given(
    template=st.text("ab", max_size=12),
    params=st.dictionaries(st.text("ab", min_size=1, max_size=3), words, min_size=1),
)
def test_a_strict_one_refuses_a_key_that_replaces_nothing(template, params):
    def is_used(key):
        others = {other: other for other in params if other != key}
        return in_two_goes(template, {**others, key: "!"}) != in_two_goes(template, {**others, key: "?"})

    call = {"str_replace_strict": {"template": template, "params": params}}
    if all(map(is_used, params)):
        assert value(call) == in_two_goes(template, params)
    else:
        with pytest.raises(CompileError, match="finds no"):
            value(call)


# repeat: JSON has no percent sign of its own, so names can be replaced in the text of the whole template

marked = st.text("x% ", max_size=4) | st.sampled_from(["%a%", "%b%", "%ab%", "-%a%%b%"])
templates = st.recursive(
    marked | scalar,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(marked, inner, max_size=3),
    max_leaves=5,
)
loops = st.dictionaries(
    st.sampled_from(["%a%", "%b%", "%ab%", "%"]), st.lists(marked, max_size=3), min_size=1, max_size=3
)


def repeated(template, names, rows):
    text = json.dumps(template)
    return [
        json.loads(reduce(lambda filled, pair: filled.replace(*pair), zip(names, row, strict=True), text))
        for row in rows
    ]


@law
@given(template=templates, loops=loops)
def test_repeat_goes_through_all_combinations_the_last_name_fastest(template, loops):
    made = value({"repeat": {"template": template, "for_each": loops}})
    assert made == repeated(template, loops, itertools.product(*loops.values()))


@law
@given(template=templates, loops=loops)
def test_repeat_goes_through_lists_side_by_side_where_it_is_told_to(template, loops):
    call = {"repeat": {"template": template, "for_each": loops, "permutations": False}}
    if len({len(items) for items in loops.values()}) == 1:
        assert value(call) == repeated(template, loops, zip(*loops.values(), strict=True))
    else:
        with pytest.raises(CompileError, match="lists of equal length"):
            value(call)


@law
@given(template=templates, loop=mappings)
def test_repeat_goes_through_the_keys_of_a_mapping(template, loop):
    calls = ({"repeat": {"template": template, "for_each": {"%a%": each}}} for each in (loop, list(loop)))
    first, second = map(value, calls)
    assert spelt(first) == spelt(second)


# Lists and mappings


@law
@given(first=lists, second=lists, third=lists)
def test_concatenating_in_two_goes_is_concatenating_at_once(first, second, third):
    at_once = value({"list_concat": [first, None, second, third]})
    in_two = value({"list_concat": [first, {"list_concat": [second, third]}]})
    assert spelt(at_once) == spelt(in_two) == spelt(first + second + third)


@law
@given(first=lists, second=lists)
def test_a_unique_list_keeps_the_first_of_equal_items_in_their_order(first, second):
    both = first + second
    kept = [item for index, item in enumerate(both) if item not in both[:index]]
    assert spelt(value({"list_concat_unique": [first, second]})) == spelt(kept)


@law
@given(items=lists)
def test_a_unique_list_stays_as_it_is(items):
    once = {"list_concat_unique": [items, items]}
    assert spelt(value({"list_concat_unique": [once, once]})) == spelt(value(once))


@law
@given(first=mappings, second=mappings, third=mappings)
def test_merging_mappings_in_two_goes_is_merging_at_once(first, second, third):
    at_once = value({"map_merge": [first, None, second, third]})
    left = value({"map_merge": [{"map_merge": [first, second]}, third]})
    right = value({"map_merge": [first, {"map_merge": [second, third]}]})
    assert spelt(at_once) == spelt(left) == spelt(right) == spelt({**first, **second, **third})


@law
@given(items=lists, unwanted=lists)
def test_what_is_filtered_is_gone_and_all_else_stays(items, unwanted):
    assert spelt(value({"filter": [unwanted, items]})) == spelt(
        [item for item in items if item not in unwanted]
    )


@law
@given(mapping=mappings)
def test_replacing_nothing_changes_nothing(mapping):
    assert spelt(value({"map_replace": [mapping, {"keys": {}, "values": {}}]})) == spelt(mapping)


@law
@given(parts=st.lists(st.text("ab ", max_size=3), min_size=1, max_size=5))
def test_what_is_joined_splits_where_it_was_joined(parts):
    assert value({"str_split": [",", {"list_join": [",", parts]}]}) == parts


# Rows of the table of functions


@pytest.mark.parametrize(
    "name", [name for name, row in known().items() if row.names and row.names.sections == ("resources",)]
)
def test_a_function_that_names_a_resource_depends_on_it(name):
    call = {name: "a"}
    resources = {"a": {"type": "OS::Heat::Value", "properties": {"value": call}}}
    with pytest.raises(CompileError, match="circular dependency between resources: a -> a"):
        value("unused", resources=resources)


@pytest.mark.parametrize("name", sorted(conditions(Version.WALLABY).keys() & values(Version.WALLABY).keys()))
def test_a_function_may_be_called_in_conditions_if_its_row_says_so(name):
    with pytest.raises(CompileError) as raised:
        value({"if": [{name: None}, 1, 2]})
    allowed = known()[name].conditions_since is not None
    assert ("is not allowed in a condition" in str(raised.value)) == (not allowed)


@pytest.mark.parametrize(
    ("call", "number"),
    [
        ({"str_split": [","]}, "1 item"),
        ({"digest": ["md5", "text", "more"]}, "3 items"),
        ({"map_replace": [{}]}, "1 item"),
    ],
    ids=lambda row: next(iter(row)) if isinstance(row, dict) else "",
)
def test_a_list_of_the_wrong_length_is_counted(call, number):
    with pytest.raises(CompileError) as raised:
        value(call)
    assert raised.value.problems[0].message.endswith(f"not {number}")
