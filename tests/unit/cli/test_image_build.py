"""What a build of images prints: on a terminal, elsewhere, and for programs."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
from rich.console import Console

from compiler.cli.image_build import outcomes_as_json
from compiler.cli.image_progress import BuildLines, BuildTable
from compiler.images.engines.protocol import EngineImage
from compiler.images.outcome import BuildOutcome, BuildResult
from tests.support.build_engine import toy
from tests.support.in_process import run

IMAGE = EngineImage(id="sha256:c0ffee", size=142_400_000, created="", labels={})
BUILT = BuildOutcome(name="web", result=BuildResult.BUILT, seconds=31.4, image=IMAGE, log=Path("web.log"))
UNCHANGED = BuildOutcome(name="base", result=BuildResult.UNCHANGED, image=IMAGE)
NOT_BUILT = BuildOutcome(name="child", result=BuildResult.NOT_BUILT, reason="parent `database` failed")


@pytest.fixture
def failed(tmp_path: Path) -> BuildOutcome:
    (tmp_path / "log").write_text("".join(f"line {number}\n" for number in range(100)))
    return BuildOutcome(
        name="database", result=BuildResult.FAILED, seconds=2, reason="exit status 1", log=tmp_path / "log"
    )


def log_lines(failed: BuildOutcome) -> list[str]:
    return [*(f"  database | line {number}" for number in range(75, 100)), f"  log: {failed.log}"]


def test_elsewhere_than_on_a_terminal_each_event_is_a_line(
    failed: BuildOutcome, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = BuildLines()
    lines.started("web")
    lines.step("web", "1/3")
    lines.waiting("web", "a timeout: attempt 2 of 4 in 5 s")
    for outcome in (BUILT, UNCHANGED, failed, NOT_BUILT):
        lines.ended(outcome)
    assert capsys.readouterr().err.splitlines() == [
        "building web",
        "web: a timeout: attempt 2 of 4 in 5 s",
        "web built (31 s, 142.4 MB)",
        "base up to date",
        *log_lines(failed),
        "database failed (2 s): exit status 1",
        "child not built: parent `database` failed",
    ]


@pytest.fixture
def table() -> BuildTable:
    return BuildTable(["base", "child", "database", "web"], Console(file=io.StringIO(), width=70))


def shown(table: BuildTable) -> list[str]:
    assert isinstance(table.console.file, io.StringIO)
    return [line.rstrip() for line in table.console.file.getvalue().splitlines()]


def test_on_a_terminal_each_image_that_has_ended_is_a_row(table: BuildTable, failed: BuildOutcome) -> None:
    table.head()
    for outcome in (UNCHANGED, BUILT, NOT_BUILT):
        table.ended(outcome)
    assert shown(table) == [
        "image     state            time       size",
        "base      up to date              142.4 MB",
        "web       built            31 s   142.4 MB",
        "child     not built                         parent `database` failed",
    ]


def test_the_row_of_a_failed_image_comes_after_the_end_of_its_log(
    table: BuildTable, failed: BuildOutcome
) -> None:
    table.ended(failed)
    assert shown(table) == [*log_lines(failed), "database  failed            2 s"]


def test_images_in_work_are_below_the_others(table: BuildTable) -> None:
    for name in ("base", "database", "web"):
        table.started(name)
    table.step("database", "3/7")
    table.waiting("web", "a timeout: attempt 2 of 4 in 5 s")
    table.ended(UNCHANGED)
    table.console.file = io.StringIO()
    table.console.print(table.work())
    assert shown(table) == [
        "database  building 3/7      0 s",
        "web       waiting           0 s",
        "1 of 4 images, 2 in work",
    ]


def test_a_row_is_one_line_however_narrow_the_terminal(table: BuildTable) -> None:
    table.console.width = 40
    table.ended(NOT_BUILT)
    assert len(shown(table)) == 1


def test_programs_get_all_that_is_known_of_each_image(failed: BuildOutcome) -> None:
    recipes = {
        "web": toy("localhost/heatsink/web:1", "base"),
        "database": toy("localhost/heatsink/database:1"),
    }
    rows = outcomes_as_json([BUILT, failed], recipes, {"database"})
    assert rows == {
        "images": [
            {
                "name": "database",
                "reference": "localhost/heatsink/database:1",
                "state": "failed",
                "digest": None,
                "size": None,
                "seconds": 2,
                "parents": [],
                "reason": "exit status 1",
                "log": str(failed.log),
                "allowed_to_fail": True,
            },
            {
                "name": "web",
                "reference": "localhost/heatsink/web:1",
                "state": "built",
                "digest": "sha256:c0ffee",
                "size": 142_400_000,
                "seconds": 31.4,
                "parents": ["base"],
                "reason": None,
                "log": "web.log",
                "allowed_to_fail": False,
            },
        ]
    }


@pytest.mark.parametrize("value", ["yesterday", "-1", "1.5", "9" * 12])
def test_a_time_for_the_images_is_in_seconds(value: str, tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "SOURCE_DATE_EPOCH": value}
    done = run(("images", "build", "debian"), tmp_path, environment, io.StringIO())
    assert (done.returncode, done.stderr) == (
        1,
        f"error: SOURCE_DATE_EPOCH is not a time: `{value}`\n"
        "hint: write the seconds since 1970, as `git log -1 --format=%ct` does\n",
    )


def test_a_pattern_of_images_that_may_fail_matches_one_of_the_tree(tmp_path: Path) -> None:
    done = run(("images", "build", "--allow-failure", "memcachd"), tmp_path, {"PATH": ""}, io.StringIO())
    assert (done.returncode, done.stderr) == (
        1,
        "error: no image matches `memcachd`\nhint: did you mean `memcached`?\n",
    )
