"""Parameters without a value: with a value for each that is listed, none is missing."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path

import pytest

from compiler.diagnostics import Report
from compiler.heat.evaluation import EvaluationRequest
from compiler.heat.missing import missing_parameters
from compiler.tripleo import output
from compiler.tripleo.render import rendering
from compiler.tripleo.tree import listing
from tests.support.golden import GOLDEN

VALUES = {"string": "x", "number": 1, "boolean": True, "json": {"a": 1}, "comma_delimited_list": ["a"]}


def missing(*environments: Path, template: str = "stack.yaml", name: str | None = None) -> dict[str, str]:
    """The types of the missing parameters of a template in the current folder."""
    request = EvaluationRequest(template=Path(template), environments=environments)
    return {found.name: found.type for found in missing_parameters(request, Report(), name)}


def environment(types: dict[str, str], path: Path) -> Path:
    """An environment with some value for each parameter."""
    defaults = {name: VALUES[kind] for name, kind in types.items()}
    path.write_text(json.dumps({"parameter_defaults": defaults}), encoding="utf-8")
    return path


@pytest.mark.parametrize("name", [None, "page"])
def test_with_a_value_for_each_none_is_missing(name: str | None, tmp_path: Path) -> None:
    with contextlib.chdir(GOLDEN / "missing/of-all-outputs"):
        types = missing(Path("env.yaml"), name=name)
        values = environment(types, tmp_path / "values.yaml")
        assert types and not missing(Path("env.yaml"), values, name=name)


@pytest.mark.parametrize("variable", ["THT_MASTER", "THT_TRAIN"])
def test_all_that_an_upstream_tree_needs_is_listed_at_once(variable: str, tmp_path: Path) -> None:
    if variable not in os.environ:
        pytest.skip(f"set {variable} to a checkout of tripleo-heat-templates")
    output.write(rendering(listing(Path(os.environ[variable])), Report()), tmp_path / "tree")
    registry = Path("overcloud-resource-registry-puppet.yaml")
    with contextlib.chdir(tmp_path / "tree"):
        types = missing(registry, template="overcloud.yaml")
        values = environment(types, tmp_path / "values.yaml")
        assert len(types) > 50
        assert not missing(registry, values, template="overcloud.yaml")
