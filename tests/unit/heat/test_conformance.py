"""Templates evaluate to what real Heat makes of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from compiler.heat.conformance import Case, cases, difference

TOP = Path(__file__).parents[3]
OURS = [case for path in sorted((TOP / "tests" / "heat" / "cases").glob("*.json")) for case in cases(path)]
SHARED = TOP.parent / "shared" / "hot" / "cases.json"


@pytest.mark.parametrize("case", OURS, ids=lambda case: case.id)
def test_a_template_is_worth_what_it_is_in_heat(case: Case) -> None:
    assert difference(case) is None


def test_a_case_has_a_name_of_its_own() -> None:
    assert len({case.id for case in OURS}) == len(OURS)


@pytest.mark.skipif(not SHARED.is_file(), reason="no ../shared/hot/cases.json lies beside the project")
def test_the_shared_cases_pass() -> None:
    differing = {case.id: shown for case in cases(SHARED) if (shown := difference(case)) is not None}
    assert differing == {}
