"""`heatsink secrets generate`."""

from __future__ import annotations

from pathlib import Path

import pytest

from compiler.files.secrets import read_secrets
from tests.support.golden import GOLDEN
from tests.support.operator import heatsink, operator_folder


def test_missing_secrets_are_generated_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = operator_folder(tmp_path, GOLDEN / "compile/secrets-stay-references")
    path = folder / "secrets.yaml"
    heatsink(folder, (GOLDEN / "compile/secrets-stay-references/command").read_text())
    assert heatsink(folder, "secrets generate") == 0
    generated = read_secrets(path)
    assert (generated.keys(), path.stat().st_mode & 0o777) == ({"WebPassword", "KeptPassword"}, 0o600)
    assert "generated in secrets.yaml: " in capsys.readouterr().err
    heatsink(folder, "secrets generate")
    assert (read_secrets(path), capsys.readouterr().err) == (generated, "secrets.yaml: no value is missing\n")
