"""Many environments to one, in TripleO's two ways."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.diagnostics import CompileError
from compiler.merge import merge
from compiler.model.stack import Environment, Merge
from compiler.node import given as node_of
from compiler.node import plain


def environment(strategies=None, **defaults) -> Environment:
    return Environment(
        parameter_defaults={name: node_of(value, "test") for name, value in defaults.items()},
        strategies=strategies or {},
    )


def merged(*environments, how=Merge.SERVER):
    return {name: plain(node) for name, node in merge(environments, how).parameter_defaults.items()}


def test_the_server_replaces_a_parameter_whole():
    assert merged(environment(A={"x": 1}, B=1), environment(A={"y": 2})) == {"A": {"y": 2}, "B": 1}


def test_the_client_merges_mappings_at_any_depth():
    below, above = environment(A={"x": {"p": 1, "q": 2}}), environment(A={"x": {"q": 3}, "y": [1]})
    assert merged(below, above, how=Merge.CLIENT) == {"A": {"x": {"p": 1, "q": 3}, "y": [1]}}


def test_the_client_ignores_null_over_a_mapping_and_takes_it_over_a_scalar():
    below, above = environment(A={"x": 1}, B=1), environment(A=None, B=None)
    assert merged(below, above, how=Merge.CLIENT) == {"A": {"x": 1}, "B": None}


def test_the_strategy_merge_joins_one_level():
    strategies = {"A": "merge", "L": "merge", "S": "merge"}
    below = environment(A={"x": {"p": 1}}, L=[1], S="a")
    above = environment(strategies, A={"x": {"q": 2}, "y": 3}, L=[2], S="b")
    assert merged(below, above) == {"A": {"x": {"q": 2}, "y": 3}, "L": [1, 2], "S": "ab"}


def test_the_strategy_deep_merge_joins_every_level():
    below = environment(A={"x": {"p": 1, "l": ["a"]}})
    above = environment({"default": "deep_merge"}, A={"x": {"q": 2, "l": ["b"]}})
    assert merged(below, above) == {"A": {"x": {"p": 1, "q": 2, "l": ["a", "b"]}}}


def test_two_strategies_for_one_parameter_are_an_error():
    with pytest.raises(CompileError, match="merge strategy"):
        merged(environment({"A": "merge"}, A=[1]), environment({"A": "overwrite"}, A=[2]))


def test_numbers_do_not_merge():
    with pytest.raises(CompileError, match="cannot be merged"):
        merged(environment(A=1), environment({"A": "merge"}, A=2))


PARAMETERS = st.dictionaries(
    st.sampled_from("ABC"),
    st.recursive(
        st.integers() | st.text("ab"),
        lambda inner: st.dictionaries(st.sampled_from("xyz"), inner, max_size=3),
    ),
    max_size=3,
)


@pytest.mark.parametrize("how", list(Merge))
@settings(max_examples=150, deadline=None)
@given(first=PARAMETERS, second=PARAMETERS, third=PARAMETERS)
def test_merging_in_two_goes_is_merging_at_once(how, first, second, third):
    environments = [environment(**parameters) for parameters in (first, second, third)]
    in_two_goes = merge([merge(environments[:2], how), environments[2]], how)
    assert merged(*environments, how=how) == merged(in_two_goes, how=how)
