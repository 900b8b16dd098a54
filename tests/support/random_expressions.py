"""Random values, expressions and conditions of HOT, mostly with what belongs where it stands."""

from __future__ import annotations

from functools import cache

from hypothesis import strategies as st

from compiler.hot.functions import conditions, values
from compiler.hot.versions import Version


@st.composite
def mostly(draw, usual, odd):
    """What belongs there; one time in thirty-two what does not."""
    return draw(odd if draw(st.integers(0, 31)) == 31 else usual)


def shaped(optional=(), **required):
    """A mapping with these keys."""
    return st.fixed_dictionaries(required, optional=dict(optional))


def items(*strategies):
    """A list of as many items."""
    return st.tuples(*strategies).map(list)


def one(function, argument):
    """A call."""
    return st.fixed_dictionaries({function: argument})


# Plain values

TEXTS = [
    "a", "b", "hello", "a,b,,c", "0", "1", "-1", "1.5", "true", "no", "%v%", "%v%-%w%", "{}", "[1]",
    '{"a":1}', "é", "☃", "😀", "\\", "{0}", "p", "c", "v", "value", "", " ", "a b\nc", "\0",
]  # fmt: skip
NUMBERS = [0, 1, 2, -1, 7, 80, 70000, 1.0, 1.5, 1e300, float("inf"), float("nan"), 10**30]
text = st.sampled_from(TEXTS)
number = st.sampled_from(NUMBERS)
scalar = st.one_of(text, number, st.booleans(), st.none())
key = st.sampled_from(["a", "b", "c", "0", "1", "", "%v%", "hello"])
plain = st.recursive(
    scalar, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(key, inner, max_size=3), max_leaves=5
)
JSON_TEXTS = ["", '{"a": [1]}', '["\\ud800"]']
FITTING = {
    "string": text,
    "number": number | st.sampled_from(["1", "2.5"]),
    "boolean": st.booleans() | st.sampled_from(["on", "f", "1"]),
    "json": st.dictionaries(key, plain, max_size=3)
    | st.lists(plain, max_size=3)
    | st.sampled_from(JSON_TEXTS),
    "comma_delimited_list": st.lists(text, max_size=3) | text,
}


# Expressions: texts, lists, mappings and conditions of three levels, mostly with what each function takes

PARAMETERS = {
    "p": "string",
    "q": "number",
    "r": "boolean",
    "l": "comma_delimited_list",
    "j": "json",
    "k": "json",
}
path = st.lists(st.sampled_from(["a", "b", "0", 0, 1, -1, True]), max_size=2)
attribute = st.sampled_from(
    ["value", "value", "o", "show", "refs", "refs_map", "attributes", "resource.0", "resource.v.value"]
)
ALGORITHMS = ["md5", "sha256", "shake_128", "SHA512", "x"]
FILES = ["x" * 300, "nested.yaml", "bytes", "nosuch", "../x", "/etc", ".", "\0", ""]
EXPRESSIONS = [
    "$.data", "$.data.a", "$.data.get(a)", "$.data.where($ != null)", "$.data.select($.a)",
    "$.data.flatten()", "$.data.reduce($1.mergeWith($2), {})", "$.data.keys()", "$.data.a.first()",
    "dict($.data.items())", "coalesce($.data.a, 1)", "$.data.len()", "str($.data)", "int($.data.a)",
    "regex(a).split($.data.a)", "'{0}'.format($.data)", "$.data.toSet()", "$.data.orderBy($)",
    "$.data[0]", "[", "$.data.nosuch()", "let(x => $.data) -> $x + 1", "$.data.groupBy($)",
    "switch($.data.a => 1)", "$.data.zip([1])", "$.data.distinct()",
]  # fmt: skip


def parameter_of(*kinds):
    """A parameter of such a type, or what lies in one."""
    names = st.sampled_from([name for name, kind in PARAMETERS.items() if kind in kinds])
    return one("get_param", names | st.builds(lambda name, rest: [name, *rest], names, path))


def attributes(below):
    """What a resource has."""
    steps = st.builds(lambda *parts: [*parts[:2], *parts[2]], st.sampled_from("vwu"), attribute, path)
    return one("get_attr", mostly(steps, st.lists(below, max_size=4)))


def if_(level, kind):
    """An `if` with such values."""
    return one("if", mostly(items(condition(level - 1), kind, kind), st.lists(value(level - 1), max_size=4)))


@cache
def texts(level):
    if level == 0:
        return text | parameter_of("string")
    below, some = texts(level - 1), value(level - 1)
    joined = st.builds(
        lambda by, lists: [by, *lists], below, st.lists(listed(level - 1), min_size=1, max_size=2)
    )
    replacing = shaped(
        template=below, params=mostly(st.dictionaries(key, some, min_size=1, max_size=3), some)
    )
    url = shaped(
        dict.fromkeys(("username", "password", "path", "fragment"), below)
        | {
            "port": st.sampled_from([80, "443", 0, "x", float("inf")]),
            "query": st.dictionaries(key, some, max_size=2),
        },
        scheme=st.sampled_from(["http", "", "a:"]) | below,
        host=st.sampled_from(["h", "::1", "[::1]"]) | below,
    )
    return st.one_of(
        below,
        one("list_join", mostly(joined, some)),
        one("str_replace", replacing),
        one("str_replace_strict", replacing),
        one("str_replace_vstrict", replacing),
        one("digest", mostly(items(st.sampled_from(ALGORITHMS), below), some)),
        one("make_url", mostly(url, some)),
        one("get_resource", st.sampled_from("vwu")),
        one("get_file", mostly(st.just("file.txt"), st.sampled_from(FILES))),
        if_(level, below),
    )  # fmt: skip


@cache
def listed(level):
    if level == 0:
        return st.lists(scalar, max_size=3) | parameter_of("comma_delimited_list", "json")
    below, some = listed(level - 1), value(level - 1)
    names = st.dictionaries(
        st.sampled_from(["%v%", "%w%", "a"]), below | mapped(level - 1), min_size=1, max_size=2
    )
    return st.one_of(
        below,
        st.lists(some, max_size=4),
        one("list_concat", mostly(st.lists(below, max_size=3), some)),
        one("list_concat_unique", mostly(st.lists(below, max_size=3), some)),
        one("filter", mostly(items(below, below), some)),
        one("str_split", mostly(items(st.sampled_from([",", "", "a", None]), texts(level - 1)), some)),
        one("repeat", mostly(shaped({"permutations": st.booleans()}, template=some, for_each=names), some)),
        if_(level, below),
    )  # fmt: skip


@cache
def mapped(level):
    if level == 0:
        return st.dictionaries(key, scalar, max_size=3) | parameter_of("json")
    below, some = mapped(level - 1), value(level - 1)
    changes = shaped(
        {"keys": st.dictionaries(key, text, max_size=2), "values": st.dictionaries(key, some, max_size=2)}
    )
    return st.one_of(
        below,
        st.dictionaries(key, some, max_size=4),
        one("map_merge", mostly(st.lists(below, max_size=3), some)),
        one("map_replace", mostly(items(below, changes), some)),
        if_(level, below),
    )


@cache
def value(level):
    if level == 0:
        return st.one_of(scalar, parameter_of(*PARAMETERS.values()), attributes(scalar))
    below = value(level - 1)
    every = sorted(
        {name for version in Version for name in values(version)} | conditions(Version.PIKE).keys()
    )
    return st.one_of(
        texts(level),
        listed(level),
        mapped(level),
        attributes(below),
        one("contains", mostly(items(below, listed(level - 1)), below)),
        mostly(below, one("resource_facade", st.sampled_from(["metadata", "deletion_policy", "x"]))),
        one("yaql", mostly(shaped({"data": below}, expression=st.sampled_from(EXPRESSIONS)), below)),
        st.tuples(st.sampled_from(every), below).map(lambda pair: dict([pair])),
    )


@cache
def condition(level):
    names = st.sampled_from(["c", "d", "c", "d", True, False])
    if level == 0:
        return mostly(names, scalar)
    below, some = condition(level - 1), scalar | parameter_of(*PARAMETERS.values())
    return st.one_of(
        names,
        one("not", below),
        one("and", mostly(st.lists(below, min_size=2, max_size=3), some)),
        one("or", mostly(st.lists(below, min_size=2, max_size=3), some)),
        one("equals", mostly(items(some, some), some)),
        one("get_param", st.just("r")),
        one("contains", mostly(items(some, listed(0)), some)),
        one("yaql", shaped({"data": some}, expression=st.sampled_from(EXPRESSIONS))),
    )
