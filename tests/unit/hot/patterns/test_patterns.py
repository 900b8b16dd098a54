"""Patterns: the steps that are counted are those of `re`, and a pattern that takes too many ends early."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from compiler.hot.patterns import Matching, check, compiled
from compiler.hot.patterns.program import program
from compiler.hot.patterns.steps import end_of_match
from compiler.meter import Meter, OverBudgetError
from tests.support.examples import examples

LEAF = st.sampled_from(
    ["a", "b", "c", ".", r"\w", "[ab]", "[^a]", r"\d", "^", "$", r"\b", r"\Z", "(?<=a)", "(?<!ab)", r"\1"]
)
WRITTEN = (
    "({})", "(?:{})*", "(?:{})+?", "(?:{}){{1,2}}", "(?:{})??", "(?:{})*+", "(?={})", "(?!{})", "(?>{})",
    "(?i:{})",
)  # fmt: skip
PATTERN = st.recursive(
    LEAF,
    lambda inner: st.one_of(
        st.tuples(st.sampled_from(WRITTEN), inner).map(lambda pair: pair[0].format(pair[1])),
        st.builds("{}{}".format, inner, inner),
        st.builds("(?:{}|{})".format, inner, inner),
        st.builds("(?(1){}|{})".format, inner, inner),
    ),
    max_leaves=6,
)


@settings(max_examples=examples(1000))
@given(PATTERN, st.text("abcAB1", max_size=8))
def test_counted_matching_ends_where_re_ends(pattern, text):
    try:
        expected = re.compile(f"(a?){pattern}")
    except re.error:
        assume(False)
    found = end_of_match(program(expected), text, 0, Meter())
    match = expected.match(text)
    # `re` forgets groups of a look-around differently, which changes what a later \1 matches
    assert found == (match and match.end()) or r"\1" in pattern or "(?(1)" in pattern


@pytest.mark.slow
@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("^(a+)+$", "a" * 40 + "b"),
        ("(a|aa)+$", "a" * 60 + "b"),
        (r"^(([a-z])+.)+[A-Z]([a-z])+$", "a" * 60),
        ("(.*)*x", "a" * 500),
        ("a*a*a*a*a*b", "a" * 300),
        (r"(?=(a+)+$)a*b", "a" * 40 + "b"),
        (r"(a+)+\1b", "a" * 40),
    ],
)
def test_a_pattern_that_would_take_years_ends(pattern, text):
    with pytest.raises(OverBudgetError, match="3,000,000 steps"):
        check(compiled(pattern), text, Matching.START, Meter())


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (r"[a-z0-9]+(\.[a-z0-9]+)*", "host.example." * 80),
        (r"^((?!balance.tcp).)*$", "bond_mode=802.3ad " * 50),
        (r"((25[0-5]|2[0-4]\d|1?\d?\d)(\.|$)){4}", "192.168.255.254"),
        ("^[a-zA-Z0-9+/]{38}==$", "A" * 38 + "=="),
        (r"-(%[YmdHMSVs])+$", "-%Y%m%d"),
        (".+", "x" * 100_000),
    ],
)
def test_what_templates_really_check_fits(pattern, text):
    check(compiled(pattern), text, Matching.START, Meter())


def test_a_pattern_of_a_book_is_refused():
    with pytest.raises(OverBudgetError):
        compiled("a" * 10_001)
