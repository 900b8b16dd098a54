"""Hidden values: whatever a template does with one, nobody but its owner can read it."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from compiler.node import Plain
from tests.support.examples import examples
from tests.support.operator import heatsink, operator_folder
from tests.support.random_expressions import PARAMETERS, items, mostly, one, parameter_of, shaped, value
from tests.support.random_templates import resource, sections, written

MARK = "Qx7Zw9Kv"  # nothing else contains it, in whatever case
NUMBER = 6502138
HIDDEN = {
    "string": [MARK, f"{MARK},{MARK}", f"{MARK}\nline", f"%v%{MARK}", f"{MARK}\r"],
    "number": [NUMBER],
    "boolean": [True],
    "comma_delimited_list": [[MARK, f"b{MARK}"], f"{MARK},a"],
    "json": [{"a": MARK, "b": [MARK, NUMBER]}, [MARK], {MARK: "a"}, json.dumps({"a": {"b": MARK}})],
}
NESTED = f"""
heat_template_version: rocky
parameters:
  s: {{type: string, default: {MARK}, hidden: true}}
  n: {{type: number, default: {NUMBER}, hidden: true}}
  b: {{type: boolean, default: true, hidden: true}}
  l: {{type: comma_delimited_list, default: [{MARK}], hidden: true}}
  j: {{type: json, default: {{a: {MARK}}}, hidden: true}}
outputs:
  o: {{value: [{{get_param: s}}, {{get_param: n}}, {{get_param: b}}, {{get_param: l}}]}}
  value: {{value: {{get_param: j}}}}
"""


QUERIES = [
    "$.data.a", "[$.data.a]", "{x => $.data.a}", "str($.data.a)", "concat(x, str($.data.a))",
    "int($.data.a)", "$.data.a.first()", "$.data.a.len()", "$.data.a.toUpper()", "$.data.a = x",
    "dict($.data.a.select([$, x]))", "$.data.values()", "regex(v9).split($.data.a)", "$.data.a.a + 1",
    "'{0} '.format($.data.a)", "$.data.mergeWith({b => $.data.a})",
]  # fmt: skip
repeated = st.sampled_from(["%v%", {"%v%": "x"}])


def made_of(inner):
    """What functions make of a value."""
    return st.one_of(
        one(
            "list_join",
            items(st.sampled_from([":", ","]), st.lists(inner, min_size=1, max_size=2)),
        ),
        one("str_replace", shaped(template=st.sampled_from(["a %v%", "a"]), params=shaped(**{"%v%": inner}))),
        one("str_replace", shaped(template=inner, params=st.just({"Qx7": "x", "z": "x"}))),
        one("yaql", shaped(expression=st.sampled_from(QUERIES), data=shaped(a=inner, b=st.just("80")))),
        one(
            "repeat",
            shaped(template=repeated, for_each=shaped(**{"%v%": inner})),
        ),
        one("map_merge", items(shaped(a=inner), inner)),
        one("map_replace", items(shaped(a=inner), shaped(keys=shaped(a=inner)))),
        one("list_concat", items(st.just(["x"]), inner)),
        one("str_split", items(st.sampled_from([",", "x"]), inner, st.integers(0, 2))),
        one("digest", items(st.sampled_from(["md5", "x"]), inner)),
        one("make_url", shaped(host=inner, port=mostly(st.just(80), inner))),
        one("contains", items(inner, inner)),
        one("if", items(one("equals", items(inner, inner)), st.just("y"), inner)),
        one("get_param", inner),
        one("get_attr", items(st.sampled_from("vwu"), st.sampled_from(["value", "o"]))),
    )


parameter = parameter_of(*PARAMETERS.values()) | st.sampled_from(
    [{"get_attr": ["w", "o"]}, {"get_attr": ["v", "value"]}, {"get_attr": ["w", "value", "a"]}]
)
some = st.recursive(parameter, made_of, max_leaves=3)
public = st.sampled_from(["x", {"if": ["c", "x", "y"]}, "1"])
anything = st.one_of(some, some, value(2))


@st.composite
def sometimes(draw, required, optional):
    """A mapping with these keys, and one time in three with some of the others."""
    names = draw(st.lists(st.sampled_from([*optional]), max_size=2)) if draw(st.integers(0, 2)) == 2 else []
    return draw(st.fixed_dictionaries(required | {name: optional[name] for name in names}))


container = sometimes(
    {
        "image": mostly(st.just("example/web@sha256:1"), some),
        "restart": st.just("always"),
        "environment": st.dictionaries(st.sampled_from("AB"), some | public, max_size=2),
    },
    {
        "command": st.lists(some, min_size=1, max_size=2) | some,
        "label": shaped(a=some) | some,
        "hostname": some,
        "volumes": st.lists(some, max_size=1),
        "healthcheck": shaped(test=some),
        "user": some,
    },
)
file = st.one_of(
    shaped(text=anything),
    shaped(json=anything),
    shaped(yaml=anything),
    shaped(ini=shaped(a=st.dictionaries(st.sampled_from("ab"), anything, max_size=2)) | some),
    shaped(
        template=mostly(st.sampled_from(["{{ a }}", "{{ quoted(a) }}", "{{ a.b }}", "{{ [1][a] }}"]), some),
        variables=shaped(a=anything),
    ),
)
host_prep = shaped(
    tmpfiles=st.lists(shaped(path=st.just("/var/lib/a"), argument=some), max_size=1),
    sysctl=mostly(st.just({}), some),
    kernel_modules=mostly(st.just([]), some),
)
role_data = sometimes(
    {
        "service_name": mostly(st.just("web"), some),
        "config_data": shaped(web=mostly(st.dictionaries(st.sampled_from("ab"), file, min_size=1), some)),
        "docker_config": shaped(step_1=mostly(shaped(web=container), some)),
    },
    {"host_prep": host_prep, "kolla_config": shaped(**{"/var/lib/kolla/config_files/web.json": some})},
)
typed = shaped({"type": st.sampled_from([*HIDDEN])}, value=some)
resources = shaped(
    v=shaped(
        type=st.just("OS::Heat::Value"), properties=shaped({"type": st.sampled_from([*HIDDEN])}, value=some)
    ),
    w=shaped(
        type=st.just("nested.yaml"), properties=st.dictionaries(st.sampled_from("snblj"), some, max_size=1)
    ),
    u=resource(),
)
mistakes = st.dictionaries(
    st.sampled_from(["Undeclared", "ContainerBackend", "HostPaths", "WebServices", "WebParameters", "p"]),
    st.sampled_from([1, "x", ["x"], {"p": "x"}]),
    max_size=2,
) | st.fixed_dictionaries({"ConfigOverrides": st.sampled_from([{"wed": {}}, {"web": {"b": 1, "c": {}}}, 1])})
parameters = shaped(**{name: st.sampled_from(HIDDEN[kind]) for name, kind in PARAMETERS.items()})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = operator_folder(tmp_path_factory.mktemp("hidden"))
    (path / "templates/nested.yaml").write_text(NESTED)
    (path / "templates/file.txt").write_text("text\n")
    return path


def readable(build: Path) -> Iterator[str]:
    """The files that others may read, by their mode in the folder or on the host."""
    for path in filter(Path.is_file, build.rglob("*")):
        if path.stat().st_mode & 0o077:
            yield path.read_text(encoding="utf-8")
    for path in build.glob("hosts/*/manifest.json"):
        for entry in json.loads(path.read_text())["files"]:
            if int(entry["mode"], 8) & 0o077:
                yield (path.parent / f"root{entry['path']}").read_text(encoding="utf-8")


def holds(shown: str) -> bool:
    return MARK.lower() in shown.lower() or str(NUMBER) in shown


@settings(max_examples=examples(150), suppress_health_check=list(HealthCheck))
@given(
    template=sections,
    resources=resources,
    data=role_data,
    values=parameters,
    beside=mistakes,
    environment=st.sampled_from([written, json.dumps]),  # json: everything in one line
    backend=st.sampled_from(["podman", "docker", "quadlet"]),
)
def test_a_hidden_value_is_in_private_files_alone(
    folder: Path,
    template: Any,
    resources: Plain,
    data: Plain,
    values: Any,
    beside: Any,
    environment: Callable[[Plain], str],
    backend: str,
) -> None:
    template |= {
        "heat_template_version": "wallaby",
        "parameters": {name: {"type": kind, "hidden": True} for name, kind in PARAMETERS.items()},
        "resources": resources,
        "outputs": {"role_data": {"value": data}},
    }
    (folder / "templates/web.yaml").write_text(written(template))
    (folder / "env.yaml").write_text(environment({"parameter_defaults": values | beside}))
    shutil.rmtree(folder / "build", ignore_errors=True)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        code = heatsink(folder, f"compile --json --role Web -e env.yaml --backend {backend}")
    assert code in (0, 1)
    assert not any(map(holds, [printed.getvalue(), *readable(folder / "build")]))
