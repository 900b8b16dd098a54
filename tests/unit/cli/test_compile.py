"""What `heatsink compile` says of the build folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.operator import heatsink, operator_folder


def test_check_names_the_files_that_are_out_of_date(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = operator_folder(tmp_path)
    heatsink(folder, "compile --role Web")
    unit = folder / "build/hosts/localhost/root/etc/systemd/system/heatsink-web.service"
    unit.write_text("changed by hand")
    capsys.readouterr()
    assert heatsink(folder, "compile --role Web --check") == 1
    name = unit.relative_to(folder / "build")
    assert capsys.readouterr().out == f"would be written: {name}\n"


def test_a_second_compile_counts_the_same_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = operator_folder(tmp_path)
    heatsink(folder, "compile --role Web")
    first = capsys.readouterr().err
    heatsink(folder, "compile --role Web")
    second = capsys.readouterr().err
    assert first == "1 host compiled: 10 files written, 0 removed, 0 unchanged in build/\n"
    assert second == "1 host compiled: build/ is up to date (10 files)\n"
