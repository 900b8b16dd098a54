"""Random templates: whatever is written in one, it has a value, or a mistake with its place."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings

from compiler.diagnostics import HeatsinkError, Report
from compiler.heat.evaluation import outputs
from tests.support.examples import examples
from tests.support.random_templates import REQUEST, written
from tests.support.templates import root

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
@given(**REQUEST)
def test_a_template_has_outputs_or_a_mistake_with_its_place(folder, **request):
    try:
        json.dumps(outputs(asked(folder, **request), Report()))
    except HeatsinkError as error:
        assert all(problem.span is not None for problem in error.problems)
        assert error.render()


@settings(max_examples=examples(75), suppress_health_check=list(HealthCheck))
@given(**REQUEST)
def test_a_template_evaluated_twice_is_the_same(folder, **request):
    try:
        one, other = (asked(folder, **request) for _ in range(2))
        first, second = (json.dumps(outputs(stack, Report())) for stack in (one, other))
    except HeatsinkError:
        return
    assert first == second
    place = one.template.root
    assert all(one.output(name, place) is one.output(name, place) for name in one.template.outputs)
