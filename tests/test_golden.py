"""Golden cases: an operator's folder, a command line, and what comes of it.

A case holds `command` (the arguments of `heatsink`), what its folder has beside or in place of
`golden/operator/`, the smallest folder that compiles, and what is expected: `expected.stderr`, in `compile/`
the build folder as `expected/`, without what every host has as in `compile/smallest-folder`, in `resolve/`,
`missing/` and `output/` `expected.stdout`, in `render/` the rendered tree. Rewrite all with
`--update-golden`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.golden import GOLDEN, SMALLEST, Ended, case_name, cases, remove_common


@pytest.mark.parametrize("case", cases("errors"), ids=case_name)
def test_bad_input_is_told_with_its_place_and_nothing_is_written(
    case: Path, run_case: Callable[[Path], Ended]
) -> None:
    ended = run_case(case)
    assert (ended.code, ended.stdout, ended.is_folder_changed) == (1, "", False)


@pytest.mark.parametrize("case", cases("compile"), ids=case_name)
def test_a_folder_compiles_to_these_bytes(
    case: Path, run_case: Callable[[Path], Ended], golden: Callable[[Path, Path], None]
) -> None:
    ended = run_case(case)
    for root in (ended.folder / "build/hosts").glob("*/root") if case != SMALLEST else ():
        remove_common(root)
    golden(ended.folder / "build", case / "expected")
    assert (ended.code, ended.stdout) == (0, "")


@pytest.mark.parametrize("case", cases("resolve"), ids=case_name)
def test_a_template_resolves_to_this_json(
    case: Path, run_case: Callable[[Path], Ended], golden_text: Callable[[str, Path], None]
) -> None:
    ended = run_case(case)
    golden_text(ended.stdout, case / "expected.stdout")
    assert (ended.code, ended.is_folder_changed) == (0, False)


@pytest.mark.parametrize("case", cases("output"), ids=case_name)
def test_the_outputs_of_a_fleet_are_printed(
    case: Path, run_case: Callable[[Path], Ended], golden_text: Callable[[str, Path], None]
) -> None:
    ended = run_case(case)
    golden_text(ended.stdout, case / "expected.stdout")
    assert (ended.code, ended.is_folder_changed) == (0, False)


@pytest.mark.parametrize("case", cases("missing"), ids=case_name)
def test_parameters_without_a_value_are_listed(
    case: Path, run_case: Callable[[Path], Ended], golden_text: Callable[[str, Path], None]
) -> None:
    ended = run_case(case)
    golden_text(ended.stdout, case / "expected.stdout")
    assert (ended.code, ended.is_folder_changed) == (1, False)


@pytest.mark.parametrize("case", cases("render"), ids=case_name)
def test_a_tree_is_rendered_to_these_bytes(
    case: Path, run_case: Callable[[Path], Ended], golden: Callable[[Path, Path], None]
) -> None:
    ended = run_case(case)
    out = (case / "command").read_text(encoding="utf-8").split()[-1]
    golden(ended.folder / out, case / "expected")
    assert (ended.code, ended.stdout) == (0, "")


@pytest.mark.parametrize("kind", ["compile", "errors", "missing", "output", "render", "resolve"])
def test_every_file_is_part_of_a_case(kind: str) -> None:
    files = {path for path in (GOLDEN / kind).rglob("*") if path.is_file()}
    assert files == {path for case in cases(kind) for path in case.rglob("*") if path.is_file()}
