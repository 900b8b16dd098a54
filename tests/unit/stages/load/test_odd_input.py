"""Whatever stands anywhere in the input: it compiles, or an error of ours says where it is wrong."""

from __future__ import annotations

import contextlib
import copy
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from compiler import pipeline
from compiler.cli.compile import compile_
from compiler.diagnostics import HeatsinkError, Report
from compiler.model.container import Backend
from compiler.stages.load.inputs import Request
from tests.support.examples import examples
from tests.support.golden import cases
from tests.support.operator import operator_folder

CASES = cases("compile")
ODD = st.sampled_from(
    [
        *(None, True, 0, -1, 1.5, float("nan"), 10**30, "", "x", "a:b", "../x", "a\nb", "\x01", "@{"),
        *([], ["a", "b"], [None], {}, {"a": None}),
        *({"get_param": "Nowhere"}, {"get_param": "Self"}, {"if": ["a", "b"]}),
    ]
)


@pytest.fixture(scope="module", params=CASES, ids=lambda case: case.name)
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Request]:
    folder = operator_folder(tmp_path_factory.mktemp("case"), request.param)
    _, *words = shlex.split((request.param / "command").read_text(encoding="utf-8"))
    with click.Context(compile_) as context:
        compile_.parse_args(context, words)
    asked = {field: context.params[field] for field in Request.__dataclass_fields__}
    return folder, Request(**asked)


@settings(max_examples=examples(25), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(chance=st.data(), odd=ODD, backend=st.sampled_from([None, *Backend]))
def test_an_odd_value_anywhere_is_compiled_or_told(
    case: tuple[Path, Request], chance: st.DataObject, odd: object, backend: Backend | None
) -> None:
    folder, request = case
    file = chance.draw(st.sampled_from(sorted(folder.rglob("*.yaml"))))
    before = file.read_bytes()
    root = yaml.safe_load(before)
    path = chance.draw(st.sampled_from(list(paths(root))))
    try:
        file.write_text(yaml.safe_dump(replaced(root, path, odd), sort_keys=False), encoding="utf-8")
        problems = problems_of(folder, request, backend)
    finally:
        file.write_bytes(before)
    assert all(problem.render() for problem in problems)


def problems_of(folder: Path, request: Request, backend: Backend | None) -> tuple[Any, ...]:
    report = Report()
    with contextlib.chdir(folder):
        try:
            pipeline.compile_fleet(request, pipeline.Options(backend=backend), report, lambda *_: None)
        except HeatsinkError as error:
            return error.problems
    return tuple(report.warnings)


def paths(value: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every value below a value."""
    yield above
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield from paths(value[key], (*above, key))


def replaced(root: Any, path: tuple[Any, ...], new: object) -> Any:
    """A copy with another value at one place."""
    if not path:
        return new
    root = copy.deepcopy(root)
    at = root
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = new
    return root
