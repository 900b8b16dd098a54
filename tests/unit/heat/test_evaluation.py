"""Which files a template means."""

from __future__ import annotations

from pathlib import Path

import pytest

from compiler.diagnostics import Report
from compiler.heat.evaluation import EvaluationRequest, evaluate, outputs
from compiler.node import Plain

NESTED = "heat_template_version: wallaby\noutputs: {text: {value: {get_file: a%20b.txt}}}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a b.txt").write_text("text")
    (tmp_path / "nested.yaml").write_text(NESTED)
    (tmp_path / "sub").mkdir()
    return tmp_path


def values(template: Path) -> dict[str, Plain]:
    report = Report()
    return outputs(evaluate(EvaluationRequest(template=template), report), report)


@pytest.mark.parametrize(
    "path",
    ["../a%20b.txt", "{folder}/a%20b.txt", "file://{folder}/a%20b.txt", "{climbing}{folder}/a%20b.txt"],
)
def test_get_file_reads_what_the_client_of_heat_reads(path: str, folder: Path) -> None:
    written = path.format(folder=folder, climbing="/".join([".."] * 40))
    template = folder / "sub" / "stack.yaml"
    template.write_text(
        f"heat_template_version: wallaby\noutputs: {{text: {{value: {{get_file: '{written}'}}}}}}\n"
    )
    assert values(template) == {"text": "text"}


@pytest.mark.parametrize("path", ["../nested.yaml", "{folder}/nested.yaml", "file://{folder}/nested.yaml"])
def test_a_type_is_the_template_that_the_client_of_heat_reads(path: str, folder: Path) -> None:
    template = folder / "sub" / "stack.yaml"
    template.write_text(
        "heat_template_version: wallaby\n"
        f"resources: {{nested: {{type: '{path.format(folder=folder)}'}}}}\n"
        "outputs: {text: {value: {get_attr: [nested, text]}}}\n"
    )
    assert values(template) == {"text": "text"}
