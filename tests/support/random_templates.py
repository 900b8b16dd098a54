"""Random templates and environments, as the sections of YAML files."""

from __future__ import annotations

import json

from hypothesis import strategies as st

from compiler.hot.versions import VERSIONS
from compiler.model.inputs import Merge
from tests.support.random_expressions import (
    FITTING,
    PARAMETERS,
    condition,
    key,
    mostly,
    one,
    plain,
    scalar,
    shaped,
    text,
    value,
)

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
VALUES = shaped({name: mostly(FITTING[kind], plain) for name, kind in PARAMETERS.items()})
environment = mostly(
    shaped(
        {"parameters": VALUES, "parameter_defaults": VALUES}, resource_registry=mostly(st.just({}), registry)
    ),
    shaped(
        {"parameters": plain, "resource_registry": registry},
        parameter_defaults=VALUES | plain,
        parameter_merge_strategies=st.dictionaries(
            st.sampled_from([*PARAMETERS, "default"]),
            st.sampled_from(["merge", "deep_merge", "overwrite", 1]),
        ),
    ),
)
REQUEST = {
    "template": template,
    "environments": st.lists(environment, max_size=2),
    "parameters": mostly(st.just({}), VALUES),
    "merge": st.sampled_from(Merge),
}


def written(document: object) -> str:
    """JSON, which is YAML too, but for two numbers; what begins with a brace Heat would take for JSON."""
    text = json.dumps(document, ensure_ascii=False).replace("Infinity", ".inf").replace("NaN", ".nan")
    return f"# YAML\n{text}"
