"""Random templates: whatever is written in one, it has a value, or a mistake with its place."""

from __future__ import annotations

import json
from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from compiler.diagnostics import HeatsinkError
from compiler.heat.evaluation import outputs
from compiler.hot.functions import conditions, values
from compiler.hot.versions import VERSIONS, Version
from compiler.model.stack import Merge
from tests.support.examples import examples
from tests.support.templates import root


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


# Templates and environments

BOUND = st.sampled_from([0, 1, 2, 3, -1, 1.5, None, "1", "a", float("inf"), float("nan")])
BOUNDS = shaped({"max": BOUND}, min=st.sampled_from([-1, 0, "0"]))
LENGTH = one("length", BOUNDS)
ALLOWED = one("allowed_values", st.lists(scalar, max_size=3))
CUSTOM = one("custom_constraint", text)
MODULO = one("modulo", shaped(step=BOUND, offset=BOUND))
PATTERN = one("allowed_pattern", st.sampled_from([".*", "(?s).*", "[a-z]+", "a|ab", "(", "", 1]))
CONSTRAINTS = {
    "string": LENGTH | ALLOWED | PATTERN | CUSTOM,
    "number": one("range", BOUNDS) | ALLOWED | MODULO | CUSTOM,
    "boolean": ALLOWED | CUSTOM,
    "json": LENGTH,
    "comma_delimited_list": LENGTH | ALLOWED | CUSTOM,
}


@st.composite
def parameter(draw, kind):
    constraint = mostly(CONSTRAINTS[kind], plain)
    optional = {"hidden": st.booleans(), "constraints": mostly(st.lists(constraint, max_size=1), plain)}
    wanted = draw(mostly(st.just(()), st.sampled_from([("constraints",), ("hidden", "constraints")])))
    further = {name: draw(optional[name]) for name in wanted}
    return {"type": kind, "default": draw(mostly(FITTING[kind], plain))} | further


TYPE_NAMES = [
    "OS::Heat::Value", "OS::Heat::ResourceChain", "OS::Heat::ResourceGroup", "nested.yaml", "OS::Heat::None",
    "OS::Heat::RandomString", "OS::Nova::Server", "A::B", "main.yaml", "nosuch.yaml", "bytes",
]  # fmt: skip
member = mostly(
    st.sampled_from(["OS::Heat::None", "OS::Nova::Server", "nested.yaml"]), st.sampled_from(TYPE_NAMES)
)
some = value(1)
PROPERTIES = {
    "OS::Heat::Value": shaped({"type": st.sampled_from([*FITTING, "x"])}, value=value(2)),
    "OS::Heat::ResourceChain": shaped(
        {"resource_properties": mostly(st.just({}), some), "concurrent": st.booleans()},
        resources=mostly(st.lists(member, max_size=3), some),
    ),
    "OS::Heat::ResourceGroup": shaped(
        {"index_var": st.sampled_from(["%index%", "%v%", "x"]), "removal_policies": plain},
        count=mostly(st.sampled_from([1, 2, 0, -1, "3", float("inf")]), some),
        resource_def=mostly(shaped({"properties": st.just({"s": "%index%"}) | some}, type=member), some),
    ),
    "OS::Heat::RandomString": shaped(
        {"salt": scalar, "character_classes": plain, "character_sequences": plain},
        length=st.sampled_from([1, 8, 0, 513, "7", None, float("inf")]) | some,
    ),
    "nested.yaml": shaped({name: FITTING[kind] | some for name, kind in zip("snblj", FITTING, strict=True)}),
}


@st.composite
def resource(draw):
    kind = draw(mostly(st.sampled_from(TYPE_NAMES[:7]), st.sampled_from(TYPE_NAMES)))
    further = {
        "condition": condition(2),
        "metadata": some,
        "depends_on": st.sampled_from("vwu"),
        "deletion_policy": mostly(st.sampled_from(["delete", "Retain"]), scalar),
        "update_policy": some,
    }
    written = draw(shaped({name: each for name, each in further.items() if draw(st.integers(0, 7)) == 7}))
    properties = PROPERTIES.get(kind, st.dictionaries(key, some, max_size=2))
    return {"type": kind, "properties": draw(mostly(properties, some))} | written


output = mostly(shaped(value=value(3)), shaped(value=value(3), condition=condition(2)))
sections = shaped(
    heat_template_version=mostly(
        st.sampled_from(["wallaby", "rocky"]), st.sampled_from([*sorted(VERSIONS), 0])
    ),
    parameters=shaped(**{name: parameter(kind) for name, kind in PARAMETERS.items()}),
    conditions=shaped(c=condition(3), d=condition(3)).map(
        lambda both: {
            name: {"not": {"not": each}} if isinstance(each, str) else each for name, each in both.items()
        }
    ),
    resources=shaped({"u": resource()}, v=resource(), w=resource()),
    outputs=shaped({"x": output}, o=output),
)
odd_sections = st.dictionaries(st.sampled_from(["resources", "outputs", "conditions", "x"]), some, min_size=1)
template = mostly(sections, st.builds(lambda usual, odd: usual | odd, sections, odd_sections))
registry = st.dictionaries(
    st.sampled_from(["A::B", "A::*", "OS::Heat::*", "OS::Nova::Server", "B::C", "*", "resources"]),
    mostly(st.sampled_from([*TYPE_NAMES[:7], "B::*"]), plain),
    max_size=2,
)
GIVEN = shaped({name: mostly(FITTING[kind], plain) for name, kind in PARAMETERS.items()})
environment = mostly(
    shaped(
        {"parameters": GIVEN, "parameter_defaults": GIVEN}, resource_registry=mostly(st.just({}), registry)
    ),
    shaped(
        {"parameters": plain, "resource_registry": registry},
        parameter_defaults=GIVEN | plain,
        parameter_merge_strategies=st.dictionaries(
            st.sampled_from([*PARAMETERS, "default"]),
            st.sampled_from(["merge", "deep_merge", "overwrite", 1]),
        ),
    ),
)
QUESTION = {
    "template": template,
    "environments": st.lists(environment, max_size=2),
    "parameters": mostly(st.just({}), GIVEN),
    "merge": st.sampled_from(Merge),
}

NESTED = """
heat_template_version: rocky
parameters:
  s: {type: string, default: x}
  n: {type: number, default: 1, constraints: [{range: {max: 100}}]}
  b: {type: boolean, default: true}
  l: {type: comma_delimited_list, default: [a]}
  j: {type: json, default: {a: 1}}
resources:
  v: {type: OS::Heat::Value, properties: {value: {get_param: j}}}
outputs:
  o: {value: [{get_param: s}, {get_param: n}, {get_param: b}, {get_param: l}, {get_attr: [v, value]}]}
  value: {value: {resource_facade: metadata}}
"""


def written(value: object) -> str:
    """JSON, which is YAML too, but for two numbers; what begins with a brace Heat would take for JSON."""
    text = json.dumps(value, ensure_ascii=False).replace("Infinity", ".inf").replace("NaN", ".nan")
    return f"# YAML\n{text}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("templates")
    (path / "nested.yaml").write_text(NESTED)
    (path / "file.txt").write_text("text\n")
    (path / "bytes").write_bytes(b"\xff\x00")
    return path


def asked(folder, template, environments, parameters, merge):
    """The root of the evaluation."""
    paths = [folder / f"environment{number}.yaml" for number in range(len(environments))]
    for path, each in zip([folder / "main.yaml", *paths], [template, *environments], strict=True):
        path.write_text(written(each))
    return root(folder / "main.yaml", environments=tuple(paths), parameters=parameters, merge=merge)


@settings(max_examples=examples(300), suppress_health_check=list(HealthCheck))
@given(**QUESTION)
def test_a_template_has_outputs_or_a_mistake_with_its_place(folder, **question):
    try:
        json.dumps(outputs(asked(folder, **question)))
    except HeatsinkError as error:
        assert all(problem.span is not None for problem in error.problems)
        assert error.render()


@settings(max_examples=examples(75), suppress_health_check=list(HealthCheck))
@given(**QUESTION)
def test_a_template_evaluated_twice_is_the_same(folder, **question):
    try:
        one, other = (asked(folder, **question) for _ in range(2))
        first, second = (json.dumps(outputs(instance)) for instance in (one, other))
    except HeatsinkError:
        return
    assert first == second
    place = one.template.root
    assert all(one.output(name, place) is one.output(name, place) for name in one.template.outputs)
