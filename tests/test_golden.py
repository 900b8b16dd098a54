"""Golden cases: an operator's folder, a command line, and what comes of it.

A case holds `command` (the arguments of `heatsink`), what its folder has beside or in place of
`golden/operator/`, the smallest folder that compiles, and what is expected: `expected.stderr`, in `compile/`
the build folder as `expected/`, without what every host has as in `compile/smallest-folder`, in `resolve/`
`expected.stdout`. Rewrite all with `--update-golden`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.golden import GOLDEN, SMALLEST, case_name, cases, remove_common
from tests.support.operator import contents, heatsink, operator_folder


@pytest.mark.parametrize("case", cases("errors"), ids=case_name)
def test_bad_input_is_told_with_its_place_and_nothing_is_written(
    case: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], golden_text: Callable[[str, Path], None]
) -> None:
    folder = operator_folder(tmp_path, case)
    before = contents(folder)
    code = heatsink(folder, (case / "command").read_text(encoding="utf-8"))
    printed = capsys.readouterr()
    golden_text(printed.err, case / "expected.stderr")
    assert (code, printed.out, contents(folder)) == (1, "", before)


@pytest.mark.parametrize("case", cases("compile"), ids=case_name)
def test_a_folder_compiles_to_these_bytes(
    case: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    golden: Callable[[Path, Path], None],
    golden_text: Callable[[str, Path], None],
) -> None:
    folder = operator_folder(tmp_path, case)
    code = heatsink(folder, (case / "command").read_text(encoding="utf-8"))
    printed = capsys.readouterr()
    golden_text(printed.err, case / "expected.stderr")
    for root in (folder / "build/hosts").glob("*/root") if case != SMALLEST else ():
        remove_common(root)
    golden(folder / "build", case / "expected")
    assert (code, printed.out) == (0, "")


@pytest.mark.parametrize("case", cases("resolve"), ids=case_name)
def test_a_template_resolves_to_this_json(
    case: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], golden_text: Callable[[str, Path], None]
) -> None:
    folder = operator_folder(tmp_path, case)
    before = contents(folder)
    code = heatsink(folder, (case / "command").read_text(encoding="utf-8"))
    printed = capsys.readouterr()
    golden_text(printed.err, case / "expected.stderr")
    golden_text(printed.out, case / "expected.stdout")
    assert (code, contents(folder)) == (0, before)


@pytest.mark.parametrize("kind", ["compile", "errors", "render", "resolve"])
def test_every_file_is_part_of_a_case(kind: str) -> None:
    files = {path for path in (GOLDEN / kind).rglob("*") if path.is_file()}
    assert files == {path for case in cases(kind) for path in case.rglob("*") if path.is_file()}
