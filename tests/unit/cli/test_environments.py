"""`-e` and `--environment-directory`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.operator import heatsink

TEMPLATE = """\
heat_template_version: rocky
parameters: {First: {type: string, default: none}, Second: {type: string, default: none}}
outputs: {both: {value: {list_join: ['-', [{get_param: First}, {get_param: Second}]]}}}
"""


def environment(path: Path, **parameters: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"parameter_defaults: {parameters}")


def test_files_of_a_directory_come_in_order_and_before_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "stack.yaml").write_text(TEMPLATE)
    environment(tmp_path / "site/a.yaml", First="a", Second="a")
    environment(tmp_path / "site/b.yaml", First="b")
    environment(tmp_path / "c.yaml", Second="c")
    heatsink(tmp_path, "resolve stack.yaml -e c.yaml --environment-directory site --output both")
    assert capsys.readouterr().out == '"b-c"\n'
