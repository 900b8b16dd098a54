"""The stages one behind the other: a caller may stop after any of them."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from compiler import files, pipeline
from compiler.diagnostics import CompileError, Report
from compiler.stages.load.inputs import Request
from tests.support.operator import operator_folder

HOSTS = """\
hosts:
  - {name: web0, role: Web}
  - {name: web1, role: Web, parameters: {WebPort: none}}
  - {name: web2, role: Web}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An operator's folder with three hosts, of which one cannot be resolved."""
    folder = operator_folder(tmp_path)
    (folder / "hosts.yaml").write_text(HOSTS, encoding="utf-8")
    return folder


def names(folder: Path, stage: str, report: Report) -> list[str]:
    """The hosts that come out of a stage."""
    with contextlib.chdir(folder):
        stages = pipeline.stages(Request(), pipeline.Options(), report, files.ignore_read)
        made = list(getattr(stages, stage)())
    return [host.name if stage == "lowered" else host.host.name for host in made]


@pytest.mark.parametrize("stage", ["resolved", "lowered", "emitted", "bundles"])
def test_every_stage_leaves_out_a_host_with_mistakes_and_goes_on(folder: Path, stage: str) -> None:
    report = Report()
    assert names(folder, stage, report) == ["web0", "web2"]
    assert ["WebPort" in problem.message for problem in report.errors] == [True]


def test_no_stage_works_ahead_of_its_caller(folder: Path) -> None:
    report = Report()
    with contextlib.chdir(folder):
        stages = pipeline.stages(Request(), pipeline.Options(), report, files.ignore_read)
        assert next(stages.bundles()).host.name == "web0"
        assert report.errors == []


def test_a_stage_can_be_run_again(folder: Path) -> None:
    (folder / "hosts.yaml").write_text(HOSTS.replace("none", "8080"), encoding="utf-8")
    with contextlib.chdir(folder):
        stages = pipeline.stages(Request(), pipeline.Options(), Report(), files.ignore_read)
        assert [len(stages.completed(run())) for run in (stages.resolved, stages.bundles)] == [3, 3]


def test_all_mistakes_are_raised_when_a_stage_is_completed(folder: Path) -> None:
    with contextlib.chdir(folder):
        stages = pipeline.stages(Request(), pipeline.Options(), Report(), files.ignore_read)
        with pytest.raises(CompileError, match="WebPort"):
            stages.completed(stages.resolved())
