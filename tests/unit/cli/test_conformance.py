"""`heatsink conformance`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.operator import heatsink

TEMPLATE = "heat_template_version: wallaby\noutputs: {name: {value: web}}\n"
PASSES = {"id": "passes", "template": TEMPLATE, "expected": {"outputs": {"name": "web"}}}
FAILS = {"id": "fails", "template": TEMPLATE, "expected": {"outputs": {"name": "api"}}}
SHOWN = """\
fails
--- Heat
+++ heatsink
@@ -1,5 +1,5 @@
 {
  "outputs": {
-  "name": "api"
+  "name": "web"
  }
 }

1 passed, 1 failed
"""


def test_cases_that_differ_are_shown_and_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "cases.json").write_text(json.dumps([PASSES, FAILS]))
    assert heatsink(tmp_path, "conformance cases.json") == 1
    assert capsys.readouterr().out == SHOWN


def test_cases_that_all_pass_are_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "cases.json").write_text(json.dumps([PASSES]))
    assert heatsink(tmp_path, "conformance cases.json") == 0
    assert capsys.readouterr().out == "1 passed, 0 failed\n"
