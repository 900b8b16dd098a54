"""The README's example does what it says; `--update-golden` writes what it really prints."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.reader import ROOT, Reader

README = ROOT / "README.md"


def test_the_commands_of_the_readme_print_what_it_shows(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    text = README.read_text(encoding="utf-8")
    followed = Reader(tmp_path).followed(text)
    if request.config.getoption("--update-golden"):
        README.write_text(followed, encoding="utf-8")
    else:
        assert followed == text
