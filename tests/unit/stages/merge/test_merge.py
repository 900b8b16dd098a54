"""Many environments to one, in TripleO's two ways.

What is expected was said by Heat's own `merge_environments` and heatclient's `deep_update`.
"""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.diagnostics import CompileError
from compiler.model.inputs import Environment, Merge, Registration, Registry
from compiler.node import from_plain, plain
from compiler.stages.merge import differences, merge, overlaid
from tests.support.examples import examples

DECLARED = {
    "j": "json",
    "s": "string",
    "l": "comma_delimited_list",
    "n": "number",
    "b": "boolean",
}


def nodes(values):
    return {name: from_plain(value, "test") for name, value in values.items()}


def environment(strategies=None, **defaults) -> Environment:
    return Environment(parameter_defaults=nodes(defaults), strategies=strategies or {})


def merged(*environments, how=Merge.SERVER, declared=None):
    one = merge(environments, how, declared=declared)
    return {name: plain(node) for name, node in one.parameter_defaults.items()}


def in_heat(name, strategy, *values):
    """What the server makes of a parameter that several files set, with one strategy in all of them."""
    files = (environment({name: strategy}, **{name: value}) for value in values)
    return merged(*files, declared=DECLARED)[name]


def test_the_server_replaces_a_parameter_whole():
    assert merged(environment(A={"x": 1}, B=1), environment(A={"y": 2})) == {"A": {"y": 2}, "B": 1}


def test_the_client_merges_mappings_at_any_depth():
    below, above = environment(A={"x": {"p": 1, "q": 2}}), environment(A={"x": {"q": 3}, "y": [1]})
    assert merged(below, above, how=Merge.CLIENT) == {"A": {"x": {"p": 1, "q": 3}, "y": [1]}}


def test_the_client_ignores_null_over_a_mapping_and_takes_it_over_a_scalar():
    below, above = environment(A={"x": 1}, B=1), environment(A=None, B=None)
    assert merged(below, above, how=Merge.CLIENT) == {"A": {"x": 1}, "B": None}


def test_the_client_does_not_merge_a_mapping_into_anything_else():
    with pytest.raises(CompileError, match=r"`A` cannot be merged: it is a string at .* and a mapping here"):
        merged(environment(A="x"), environment(A={"x": 1}), how=Merge.CLIENT)


@pytest.mark.parametrize(
    ("name", "strategy", "values", "expected"),
    [
        ("j", "merge", [{"x": {"p": 1}}, {"x": {"q": 2}, "y": 3}], {"x": {"q": 2}, "y": 3}),
        ("j", "merge", [{"x": 1}, '{"y": 2}'], {"x": 1, "y": 2}),
        ("j", "merge", [{"x": 1, "y": None}, {"x": None}], {"x": 1, "y": None}),
        ("j", "merge", ["text", {}], "text"),
        ("j", "merge", [{}, [1]], [1]),
        ("j", "deep_merge", [{"x": {"p": 1}}, {"x": {"q": 2}}], {"x": {"p": 1, "q": 2}}),
        ("j", "deep_merge", [{"x": {"l": ["a"]}}, {"x": {"l": ["b"]}}], {"x": {"l": ["a", "b"]}}),
        ("j", "deep_merge", [{"s": "a", "n": 1}, {"s": "b", "n": 2}], {"s": "ab", "n": 2}),
        ("j", "deep_merge", [{"l": []}, {"l": {"x": None}}], {"l": {"x": None}}),
        ("l", "merge", [["a"], ["b", "a"]], ["a", "b", "a"]),
        ("l", "merge", ["a", "b"], "a,b"),
        ("l", "merge", ["", ["b"]], ["b"]),
        ("s", "merge", ["a", "b"], "ab"),
        ("n", "merge", ["1", "5"], "15"),
        ("s", "nonsense", ["a", "b"], "b"),
    ],
)  # fmt: skip
def test_the_server_joins_values_by_the_type_of_their_parameter(name, strategy, values, expected):
    assert in_heat(name, strategy, *values) == expected


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("b", [True, False]),
        ("n", [1, 2]),
        ("s", ["a", 1]),
        ("s", [1, "a"]),
        ("l", ["a", ["b"]]),
        ("l", [["a"], "b"]),
        ("l", [["a"], 1]),
        ("j", [{"x": 1}, [1]]),
        ("j", [[1], {"x": 1}]),
        ("j", [{"x": 1}, "{"]),
        ("j", [{"x": 1}, ""]),
    ],
)
@pytest.mark.parametrize("strategy", ["merge", "deep_merge"])
def test_values_that_heat_cannot_join_are_refused(name, values, strategy):
    with pytest.raises(CompileError, match=f"`{name}` cannot be merged"):
        in_heat(name, strategy, *values)


def test_the_place_is_that_of_the_part_that_does_not_join():
    text = from_plain(["c"], "inner")
    below = environment({"j": "deep_merge"}, j={"s": "ab"})
    above = from_plain({}, "outer")
    above.entries["s"] = text
    with pytest.raises(CompileError) as raised:
        merge([below, Environment(parameter_defaults={"j": above}, strategies={"j": "deep_merge"})])
    assert raised.value.problems[0].span == text.span


def test_the_server_takes_the_first_section_whole_and_later_only_what_templates_know():
    first, second = environment(u=1, s=None), environment(u=2, other=3, s=None, n=4)
    assert merged(first, second, declared=DECLARED) == {"u": 1, "s": None, "n": 4}


def test_without_declarations_every_name_is_known_and_null_is_no_value():
    assert merged(environment(u=1, s=None), environment(u=2, other=3)) == {"u": 2, "other": 3}


def test_a_file_that_names_no_strategy_takes_over_that_of_an_earlier_one():
    assert merged(environment({"s": "merge"}, s="a"), environment(s="b"), declared=DECLARED) == {"s": "ab"}


def test_the_default_strategy_of_a_file_is_for_parameters_that_no_earlier_file_set():
    late = {"default": "merge"}
    files = [environment(s="a"), environment(late, s="b", l="x"), environment(l="y")]
    assert merged(*files, declared=DECLARED) == {"s": "b", "l": "x,y"}


@pytest.mark.parametrize("declared", [None, DECLARED])
def test_two_strategies_for_one_parameter_are_an_error(declared):
    with pytest.raises(CompileError, match="has two merge strategies, `merge` and `overwrite`"):
        merged(environment({"l": "merge"}, l=[1]), environment({"l": "overwrite"}, l=[2]), declared=declared)


def test_only_heat_minds_a_strategy_after_a_file_without_one():
    files = environment(l=[1]), environment({"l": "merge"}, l=[2])
    assert merged(*files) == {"l": [1, 2]}
    with pytest.raises(CompileError, match="has two merge strategies, `overwrite` and `merge`"):
        merged(*files, declared=DECLARED)


@pytest.mark.parametrize(("how", "expected"), [(Merge.SERVER, "file"), (Merge.CLIENT, "line")])
def test_parameters_of_the_command_line_win_at_the_client_alone(how, expected):
    one = merge([Environment(parameters=nodes({"s": "file"}))], how, command_line=nodes({"s": "line"}))
    assert plain(one.parameters["s"]) == expected


def registry(**resources) -> Environment:
    singles = {
        name: Registry(types={"T": Registration(target=target, node=from_plain(target, name))})
        for name, target in resources.items()
    }
    return Environment(resource_registry=Registry(resources=singles))


@pytest.mark.parametrize(("how", "expected"), [(Merge.SERVER, {"y"}), (Merge.CLIENT, {"x", "y"})])
def test_single_resources_of_the_registry_add_up_at_the_client_alone(how, expected):
    files = registry(x="OS::Heat::None"), registry(y="OS::Heat::None")
    assert merge(files, how).resource_registry.resources.keys() == expected
    assert [each.name for each in differences(files)] == ["x"]


def test_a_section_that_heat_does_not_merge_may_stand_in_one_file_only():
    files = [Environment(unused=nodes({"encrypted_param_names": ["s"]}))] * 2
    with pytest.raises(CompileError, match="`encrypted_param_names` is set in two environments"):
        merge(files)
    assert merge(files, Merge.CLIENT) == files[0]


@pytest.mark.parametrize(
    ("values", "differ"),
    [
        ([{"x": 1}, {"y": 2}], True),
        ([{"x": 1}, {"x": 2}], False),
        ([{"x": 1}, {}], True),
        ([{"x": 1}, None], False),
        ([1, None], True),
        ([1, 2], False),
        ([[1], [2]], False),
        (["text", {"x": 1}], True),
        ([{"x": 1}], False),
        ([{"x": 1}, {"x": True}], False),
    ],
)
def test_differences_are_parameters_that_depend_on_the_way_of_merging(values, differ):
    found = differences([environment(A=value, B=1) for value in values])
    assert [each.name for each in found] == (["A"] if differ else [])


def test_a_difference_tells_both_places_and_which_value_holds():
    one, two = from_plain({"x": 1}, "one.yaml"), from_plain({"y": 2}, "two.yaml")
    (found,) = differences([Environment(parameters={"A": one}), Environment(parameters={"A": two})])
    assert found.message(Merge.CLIENT) == (
        "`--merge client` and `--merge server` give different values for `A`, "
        "set at one.yaml:1 and two.yaml:1; the value of `client` is used: choose with `--merge`"
    )


def test_a_difference_names_the_keys_that_the_server_drops():
    one, two = from_plain({"x": 1, "y": 1}, "one.yaml"), from_plain({"y": 2}, "two.yaml")
    (difference,) = differences([Environment(parameters={"A": one}), Environment(parameters={"A": two})])
    assert difference.message(Merge.SERVER).startswith(
        "`A` at two.yaml:1 replaces that at one.yaml:1 and drops its `x`: to keep both, set the strategy"
    )


@pytest.mark.parametrize("how", list(Merge))
def test_an_overlaid_parameter_is_merged_key_by_key_in_both_ways(how):
    files = (environment(A={"x": {"y": 1, "z": [1]}}), environment(), environment(A={"x": {"z": [2]}}))
    assert merged(*overlaid(files, "A"), how=how) == {"A": {"x": {"y": 1, "z": [2]}}}


def test_a_merge_strategy_wins_over_overlaying():
    files = (environment({"A": "overwrite"}, A={"x": 1}), environment(A={"y": 2}))
    assert overlaid(files, "A") == files


def test_a_parameter_of_the_command_line_may_be_a_difference():
    files = [Environment(parameters=nodes({"s": "file"}))]
    assert [each.name for each in differences(files, DECLARED, nodes({"s": "line"}))] == ["s"]


def test_no_difference_is_told_of_what_no_template_declares():
    assert differences([environment(u={"x": 1}), environment(u={"y": 1})], DECLARED) == ()


SCALARS = st.none() | st.booleans() | st.integers(0, 2) | st.text("ab", max_size=2)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.dictionaries(st.sampled_from("xyz"), inner, max_size=3) | st.lists(inner, max_size=2),
    max_leaves=5,
)
STRATEGIES = st.dictionaries(
    st.sampled_from(["j", "s", "l", "u", "default"]),
    st.sampled_from(["overwrite", "merge", "deep_merge"]),
    max_size=3,
)
SECTION = st.dictionaries(st.sampled_from(["j", "s", "l", "n", "b", "u"]), VALUES, max_size=3)


@st.composite
def environments(draw) -> Environment:
    parameters, defaults = nodes(draw(SECTION)), nodes(draw(SECTION))
    return Environment(parameters=parameters, parameter_defaults=defaults, strategies=draw(STRATEGIES))


def together(how, declared, *files):
    """The environments as one; None if they do not merge."""
    try:
        return None if None in files else merge(files, how, declared=declared)
    except CompileError:
        return None


def messages(how, declared, *files):
    """Plain parameters of the merged environments; None if they do not merge."""
    one = together(how, declared, *files)
    if one is None:
        return None
    return [
        {name: plain(node) for name, node in each.items()}
        for each in (one.parameters, one.parameter_defaults)
    ]


@pytest.mark.parametrize("declared", [None, DECLARED])
@pytest.mark.parametrize("how", list(Merge))
@settings(max_examples=examples(100))
@given(first=environments(), second=environments(), third=environments())
def test_merging_in_two_goes_is_merging_at_once(how, declared, first, second, third):
    assert messages(how, declared, together(how, declared, first, second), third) == messages(
        how, declared, first, second, third
    )


def of_one_kind(strategy):
    """Environments whose values have one kind at each place and are not null, with one strategy for all."""
    inner = st.fixed_dictionaries(
        {}, optional={"l": st.lists(st.text("ab"), max_size=2), "t": st.text("ab"), "n": st.integers()}
    )
    json = st.fixed_dictionaries({}, optional={"x": inner, "y": inner, "n": st.integers()})
    section = st.fixed_dictionaries(
        {}, optional={"j": json, "s": st.text("ab"), "l": st.lists(st.text("ab"), max_size=2)}
    )
    return st.builds(
        lambda parameters, defaults: Environment(
            parameters=nodes(parameters),
            parameter_defaults=nodes(defaults),
            strategies={"default": strategy},
        ),
        section,
        section,
    )


@pytest.mark.parametrize("how", list(Merge))
@pytest.mark.parametrize("strategy", ["overwrite", "merge", "deep_merge"])
@settings(max_examples=examples(60))
@given(data=st.data())
def test_the_last_two_can_be_merged_first_where_kinds_agree(how, strategy, data):
    first, second, third = (data.draw(of_one_kind(strategy)) for _ in range(3))
    assert messages(how, DECLARED, first, together(how, DECLARED, second, third)) == messages(
        how, DECLARED, first, second, third
    )


@pytest.mark.parametrize(
    ("how", "name", "values"),
    [
        pytest.param(Merge.CLIENT, "j", [{"x": 1}, 1, None], id="null hides no mapping"),
        pytest.param(Merge.SERVER, "s", ["a", None, "b"], id="a first null stays, and joins nothing"),
        pytest.param(Merge.SERVER, "j", [{"x": {"y": 1}}, {"x": 0}, {"x": {"z": 2}}], id="zero gives way"),
    ],
)
def test_heat_does_not_always_let_the_last_two_be_merged_first(how, name, values):
    first, second, third = (environment({name: "deep_merge"}, **{name: value}) for value in values)
    assert messages(how, DECLARED, first, together(how, DECLARED, second, third)) != messages(
        how, DECLARED, first, second, third
    )
