"""Random strings stay the same from one `heatsink resolve` to the next."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from compiler.files.secrets import SecretsFile
from tests.support.operator import heatsink

TEMPLATE = """\
heat_template_version: rocky
resources:
  cookie:
    type: OS::Heat::RandomString
    properties: {length: 12, character_classes: [{class: digits, min: 12}]}
outputs:
  cookie: {value: {get_attr: [cookie, value]}}
"""


def test_a_random_string_is_made_once_and_kept_for_its_owner(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "stack.yaml").write_text(TEMPLATE, encoding="utf-8")
    heatsink(tmp_path, "resolve stack.yaml --output cookie")
    first = capsys.readouterr()
    heatsink(tmp_path, "resolve stack.yaml --output cookie")
    second = capsys.readouterr()
    assert json.loads(first.out).isdigit() and len(json.loads(first.out)) == 12
    assert (second.out, second.err) == (first.out, "")
    assert first.err == "generated in secrets.yaml: RandomString_cookie\n"
    assert SecretsFile(tmp_path / "secrets.yaml").values() == {"RandomString_cookie": json.loads(first.out)}
    assert (tmp_path / "secrets.yaml").stat().st_mode & 0o777 == 0o600
