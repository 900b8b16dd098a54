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


HOSTS = """\
defaults: {role: Web, port: 1}
hosts: [{name: web0, address: 127.0.0.1}, {name: web1, address: 127.0.0.2}]
"""


@pytest.mark.parametrize(
    ("secrets", "is_warned_of"), [("WebPasword: x", True), ("WebPassword: x", False), ("Other: x", False)]
)
def test_a_misspelt_secret_is_a_warning_of_a_push(
    secrets: str, is_warned_of: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = operator_folder(tmp_path, GOLDEN / "compile/secrets-stay-references")
    (folder / "hosts.yaml").write_text(HOSTS, encoding="utf-8")
    (folder / "secrets.yaml").write_text(f"KeptPassword: x\n{secrets}\n", encoding="utf-8")
    assert heatsink(folder, "compile -e env.yaml") == 0
    assert heatsink(folder, "push-artifacts --dry-run --host web0") == 1
    warning = "warning: no host uses `WebPasword` of `secrets.yaml`\nhint: did you mean `WebPassword`?\n"
    assert (warning in capsys.readouterr().err) == is_warned_of
