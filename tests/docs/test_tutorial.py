"""The tutorial's project compiles; tests/e2e/test_tutorial.py follows the whole page on nodes."""

from __future__ import annotations

from pathlib import Path

from tests.support.reader import ROOT, Reader


def test_the_project_of_the_tutorial_compiles(tmp_path: Path) -> None:
    reader = Reader(tmp_path)
    reader.output("heatsink init .")
    reader.write_files((ROOT / "docs/tutorial.md").read_text(encoding="utf-8"))
    reader.output("echo certificate > templates/web/site.crt")
    assert "1 host compiled" in reader.output("heatsink compile -e environments/site.yaml")
