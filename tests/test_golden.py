"""Golden cases: an operator's folder, a command line, and what comes of it.

A case holds `command` (the arguments of `heatsink`), what its folder has beside or in place of
`golden/operator/`, the smallest folder that compiles, and what is expected: `expected.stderr`, in `compile/`
the whole build folder as `expected/`, in `resolve/` `expected.stdout`. Rewrite all with `--update-golden`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.operator import GOLDEN, contents, heatsink, operator_folder


def cases(kind: str) -> list[Path]:
    return sorted(path.parent for path in (GOLDEN / kind).rglob("command"))


def name(case: Path) -> str:
    return str(case.relative_to(GOLDEN)).partition("/")[2]


@pytest.mark.parametrize("case", cases("errors"), ids=name)
def test_bad_input_is_told_with_its_place_and_nothing_is_written(
    case: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], golden_text: Callable[[str, Path], None]
) -> None:
    folder = operator_folder(tmp_path, case)
    before = contents(folder)
    code = heatsink(folder, (case / "command").read_text(encoding="utf-8"))
    printed = capsys.readouterr()
    golden_text(printed.err, case / "expected.stderr")
    assert (code, printed.out, contents(folder)) == (1, "", before)


@pytest.mark.parametrize("case", cases("compile"), ids=name)
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
    golden(folder / "build", case / "expected")
    assert (code, printed.out) == (0, "")


@pytest.mark.parametrize("case", cases("resolve"), ids=name)
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
