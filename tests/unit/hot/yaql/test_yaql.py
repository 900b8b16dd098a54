"""Expressions: what they give, what the library says of them, and that both ways of evaluating agree."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.hot import yaql
from compiler.hot.yaql import library, quick
from compiler.hot.yaql.budget import spending
from compiler.hot.yaql.errors import NotSupported
from compiler.meter import Meter, OverBudgetError
from tests.support.examples import examples

SERVICES = [
    None,
    {"name": "cache", "ports": [11211], "units": {"1": {"cache": {"image": "c"}}}, "tasks": [{"a": 1}]},
    {
        "name": "web",
        "ports": [80, 443],
        "units": {"1": {"web": {"image": "w"}}},
        "tasks": [{"a": 1}, {"b": 2}],
    },
]
DATA = {
    "services": SERVICES,
    "image": "registry:5000/group/name:1.2",
    "ports": [443, 80, 443],
    "users": {"ann": {"shell": "sh"}, "bob": {"shell": "fish", "id": 7}},
    "off": False,
    "none": None,
}

VALUES = {
    "$.data.services.where($ != null).select($.name)": ["cache", "web"],
    "$.data.services.where($ != null).name": ["cache", "web"],
    "$.data.services.where($ != null).select($.get(tasks)).flatten().distinct()": [{"a": 1}, {"b": 2}],
    "$.data.services.where($).select($.units).reduce($1.mergeWith($2), {})": {
        "1": {"cache": {"image": "c"}, "web": {"image": "w"}}
    },
    "{a => [1, 2], b => 1}.mergeWith({a => [2, 3], b => null})": {"a": [1, 2, 3], "b": None},
    "$.data.services.where($).selectMany($.units.items()).groupBy($[0], $[1].keys().first())": [
        ["1", ["cache", "web"]]
    ],
    "dict($.data.users.items().select([$[0].toUpper(), $[1].get(id, 0)]))": {"ANN": 0, "BOB": 7},
    "let(all => $.data.users) -> $all.deleteAll($all.keys().where($all[$].shell = 'sh'))": {
        "bob": {"shell": "fish", "id": 7}
    },
    "let(n => 2) -> range(0, $n).select($ + $n)": [2, 3],
    "$.data.image.rightSplit(separator => ':', maxSplits => 1)[0]": "registry:5000/group/name",
    "concat($.data.image.split('/').last(), '!')": "name:1.2!",
    "regex('([^/]*)/(.*)').split($.data.image)[1]": "registry:5000",
    "regex('[0-9]+').search($.data.image)": "5000",
    "regex(`([a-z])([0-9])`).replace('a1', '\\\\1_\\\\2')": "a_1",
    "$.data.image.matches('^registry')": True,
    "'{0}-{1:>3}'.format(a, 7)": "a-  7",
    "'{first}{0!r}'.format(b, first => a)": "a'b'",
    "coalesce($.data.none, $.data.off, 1)": False,
    "switch($.data.off => 1, isList($.data.ports) => 2)": 2,
    "$.data.ports.distinct().len() + len($.data.users)": 4,
    "list($.data.ports.where($ > 80), 1)": [443, 443, 1],
    "list($.data.ports, 1)": [[443, 80, 443], 1],
    "$.data.ports.join(',').split(',')": ["443", "80", "443"],
    "[str(null), str(true), str(1.0)]": ["null", "true", "1.0"],
    "[a, b].zip([1, 2], $.data.ports)": [["a", 1, 443], ["b", 2, 80]],
    "$.data.users.values().any($.get(id) = 7) and not $.data.off": True,
    "[].first(null)": None,
    "$.data.users.keys().select($)": ["ann", "bob"],
    "1 = true and 1 = 1.0 and '1' != 1": True,
    "7 / 2 + 7 / 2.0": 6.5,
    "not 1 = 2": True,
    "- $.data.ports[1] * 2": -160,
    "[1, [2]] = [1, [2]]": True,
    "'a b'.split() = [a, b]": False,  # one is a list, the other a tuple
    "$.data.ports.orderBy($)": [80, 443, 443],
    "{1 => a, null => b, true => c}": {"1": "c", "null": "b"},
    "[3, 4].toSet().len()": 2,
}


@pytest.mark.parametrize("expression", VALUES)
def test_an_expression_gives_a_plain_value(expression):
    assert repr(yaql.evaluate(expression, DATA)) == repr(VALUES[expression])


JOINED = {
    "$.data.users.keys().join('-')": "ann-bob",
    "'-'.join($.data.users.keys())": "ann-bob",
    "'-'.join(sequence => $.data.users.keys())": "ann-bob",
    "{a => 1, b => 2}.values().join('-')": "1-2",
    "[a].toSet().join('-')": "a",
    "$.data.ports.select($ + 1).join('-')": "444-81-444",
    "[].join('-')": "",
}


@pytest.mark.parametrize("expression", JOINED)
def test_the_library_joins_whatever_has_items(expression):
    with spending(Meter()):
        assert library.evaluate(expression, DATA) == JOINED[expression]


MISTAKES = {
    "$.data.users.carl": "there is no key `carl`",
    "$.data.image.name": "the value has no member `name`",
    "$.data.ports.sorted()": "yaql has no `sorted`",
    "sorted($.data.ports)": "yaql has no `sorted`",
    "$.data.ports + 1": "`+` does not accept these values",
    "not(true)": "yaql has no `not`",
    "ann in $.data.users": "`in` does not accept these values",
    "$.data.ports[3]": "list index out of range",
    "[].first()": "the collection is empty, or has too few items",
    "[].max()": "the collection is empty, and there is no initial value",
    "{a => 1}.mergeWith({a => {}})": "`mergeWith` cannot merge a dict or a list with a value of another type",
    "$.data.users.keys()": "the result contains a set, which is not valid JSON",
    "regex(a)": "the result contains a `Pattern`, which is not valid JSON",
    "regex('(')": "not a valid regular expression: missing ), unterminated subpattern",
    "sequence()": "a collection has more than 100000 items",
    "sequence().len()": "a collection has more than 100000 items",
    "def(f, f()) -> f()": "the expression or its data is nested too deeply",
    "(" * 3000 + "1" + ")" * 3000: "the expression or its data is nested too deeply",
    "'{0.__class__}'.format(1)": "`format` cannot access attributes or items: `{0.__class__}`",
    "'{0[a]}'.format($.data)": "`format` cannot access attributes or items: `{0[a]}`",
    "'{:9999999}'.format(1)": "`9999999` is too wide",
}
NO_EXPRESSIONS = {
    "": "not a valid expression: unexpected end",
    "$.data.where(": "not a valid expression: unexpected end",
    "$.data $.data": "not a valid expression: unexpected `$` at position 7",
    "a # b": "not a valid expression: unexpected `#` at position 2",
    "'open": "not a valid expression: unexpected `'` at position 0",
}


@pytest.mark.parametrize("expression", [*MISTAKES, *NO_EXPRESSIONS], ids=lambda text: text[:30])
def test_a_mistake_is_said_in_one_line(expression):
    with pytest.raises(yaql.YaqlError) as raised:
        yaql.evaluate(expression, DATA)
    assert str(raised.value) == (MISTAKES | NO_EXPRESSIONS)[expression]


DOUBLED = "range(60).aggregate([$1, $1], [1])"
BOMBS = (
    "'x' * 1000000000000",
    "[1, 2] * 10000000000",
    "pow(10, 100000000)",
    "shiftBitsLeft(1, 100000000000)",
    "range(100000).aggregate($1 * 99999999999, 1)",
    "range(1000).selectMany(range(1000)).selectMany(range(1000)).len()",
    "range(100000).toList().join(range(100000).toList(), true, [$1, $2]).len()",
    "generate(1, true, $ + 1).len()",
    "range(100000).selectMany(range(100)).max()",
    "range(100000).select('aaaaaaaaaaaaaaaaaaaaaaaa').join('b' * 100000)",
    "range(60).aggregate($1 + $1, 'a')",
    "range(90000).select([$, range(90000).toList()]).len()",
    DOUBLED,
    f"{DOUBLED} = {DOUBLED}",
    f"{DOUBLED}.toSet().len()",
    "let(x => range(60).aggregate({a => $1, b => $1}, 1)) -> {$x => 1}.len()",
    "regex('a').replace('a' * 100000, 'b' * 100000).len()",
    "('a' * 100000).replace({a => 'b' * 100000}).len()",
    "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab'.matches('^(a+)+$')",
    "regex('^(a+)+$').matches('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab')",
    "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab' =~ '^(a+)+$'",
    "regex('(a*)*b').searchAll('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa')",
)


@pytest.mark.slow
@pytest.mark.parametrize("expression", BOMBS)
def test_an_expression_that_takes_too_much_ends_early(expression):
    with pytest.raises(OverBudgetError):
        yaql.evaluate(expression, DATA)


@pytest.mark.parametrize("expression", ["random()", "random(1, 5)", "now()", "localtz()"])
def test_an_expression_with_another_value_each_time_is_refused(expression):
    with pytest.raises(yaql.YaqlError, match=r"each time|every machine"):
        yaql.evaluate(expression, DATA)


@pytest.mark.parametrize("expression", NO_EXPRESSIONS)
def test_what_is_no_expression_is_found_without_data(expression):
    with pytest.raises(yaql.YaqlError) as raised:
        yaql.check(expression)
    assert str(raised.value) == NO_EXPRESSIONS[expression]


@pytest.mark.parametrize("expression", ["$.data.nosuch()", "1 + a", "$x ?. y", "'\\u00e9'"])
def test_what_would_fail_on_data_is_an_expression(expression):
    yaql.check(expression)


def test_what_a_service_tree_asks_for_does_not_start_the_library():
    script = (
        "import sys; from compiler.hot import yaql\n"
        "print(yaql.evaluate('$.data.where($ != null).select($.a).distinct()', [{'a': 1}, None, {'a': 1}]))\n"
        "print('yaql' in sys.modules)"
    )
    done = subprocess.run((sys.executable, "-c", script), check=True, text=True, capture_output=True)
    assert done.stdout == "[1]\nFalse\n"


def test_the_data_stays_as_it_was():
    below, above = {"a": {"x": [1]}}, {"a": {"x": [2], "y": 3}}
    assert yaql.evaluate("$.data.reduce($1.mergeWith($2), {})", [below, above]) == {
        "a": {"x": [1, 2], "y": 3}
    }
    assert (below, above) == ({"a": {"x": [1]}}, {"a": {"x": [2], "y": 3}})


# Laws: what the closures give is what the library gives; and nothing but YaqlError is ever raised.

SCALAR = st.sampled_from(
    [None, True, False, 0, 1, 2, -1, 1.0, 2.5, "", "a", "b", "k", "a:b/c", "1", " ", "A"]
)
VALUE = st.recursive(
    SCALAR,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abk"), inner, max_size=3),
    max_leaves=8,
)


def words(text: str) -> st.SearchStrategy[str]:
    return st.sampled_from(text.split())


LEAF = words("$ $1 $2 $x $.data $.data.a $.data.b $.data.k a k 'a' ':' '' '(a)' '{0}' 0 1 2 1.5 null true")
OPERATOR = words("+ - * / mod = != < > <= >= and or in ->")
SHORT = words(
    "keys() values() items() flatten() distinct() first() last() len() isEmpty() toLower() toUpper() max()"
    " toSet() toList() reverse() a k"
)
LONG = words(
    "get contains containsKey join split rightSplit first last deleteAll mergeWith startsWith matches zip"
    " format where select any selectMany groupBy reduce orderBy append"
)
FUNCTION = words("len str int list dict isList isDict concat distinct coalesce regex not")


def larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pairs = st.lists(st.tuples(inner, inner).map(" => ".join), max_size=3).map(", ".join)
    return st.one_of(
        st.builds("{} {} {}".format, inner, OPERATOR, inner),
        st.builds("({})".format, inner),
        st.builds("{}.{}".format, inner, SHORT),
        st.builds("{}.{}({})".format, inner, LONG, inner),
        st.builds("{}.{}({}, {})".format, inner, LONG, inner, inner),
        st.builds("{}.reduce($1.mergeWith($2), {{}})".format, inner),
        st.builds("{}({})".format, FUNCTION, inner),
        st.builds("[{}, {}]".format, inner, inner),
        st.builds("{}[{}]".format, inner, inner),
        st.builds("{{{}}}".format, pairs),
        st.builds("switch({})".format, pairs),
        st.builds("let(x => {}) -> {}".format, inner, inner),
    )


EXPRESSION = st.recursive(LEAF, larger, max_leaves=6)


@settings(max_examples=examples(1000))
@given(EXPRESSION, st.dictionaries(st.sampled_from("abk"), VALUE, max_size=3) | VALUE)
def test_where_the_closures_answer_the_library_says_the_same(expression, data):
    try:
        with spending(Meter()):
            ours = quick.evaluate(expression, data)
    except NotSupported:
        return
    with spending(Meter()):
        assert repr(ours) == repr(library.evaluate(expression, data))


@settings(max_examples=examples(500))
@given(EXPRESSION | st.text(max_size=20) | st.text("$.data()[]{}=>'ab1, ", max_size=20), VALUE)
def test_nothing_but_our_error_is_raised(expression, data):
    try:
        yaql.evaluate(expression, data)
    except yaql.YaqlError as error:
        assert "\n" not in str(error)


@given(EXPRESSION | st.text("$.data()[]{}=>-+'ab1, ", max_size=20))
def test_what_parses_here_parses_in_the_library(expression):
    if quick.parses(expression):
        library.check(expression)


@pytest.mark.parametrize(
    ("expression", "items"),
    {
        "$.data.left.toSet()": ["d", "a", "c"],
        "$.data.left.toSet().union($.data.right.toSet())": ["d", "a", "c", "b"],
        "$.data.left.toSet().intersect($.data.right.toSet())": ["a", "c"],
        "$.data.left.toSet().difference($.data.right.toSet())": ["d"],
        "$.data.left.toSet().symmetricDifference($.data.right.toSet())": ["d", "b"],
        "$.data.left.toSet().add(b, a)": ["d", "a", "c", "b"],
        "$.data.left.toSet().remove(a)": ["d", "c"],
        "set(d, a, c, d)": ["d", "a", "c"],
    }.items(),
)
def test_a_set_is_gone_through_in_the_order_in_which_it_was_made(expression, items):
    data = {"left": ["d", "a", "c", "a"], "right": ["b", "c", "a"]}
    assert yaql.evaluate(f"{expression}.toList()", data) == items
