"""The logs of builds, and the links to those that failed."""

from __future__ import annotations

from pathlib import Path

import pytest

from compiler.diagnostics import HeatsinkError
from compiler.images.logs import LogFolder, last_lines


@pytest.fixture
def logs(tmp_path: Path) -> LogFolder:
    made = LogFolder(tmp_path / "logs")
    made.create()
    return made


def test_a_log_can_be_read_while_it_is_written(logs: LogFolder) -> None:
    with logs.writing("web") as write:
        write("STEP 1/2: FROM scratch\n")
        assert logs.path("web").read_text() == "STEP 1/2: FROM scratch\n"


def test_a_log_is_that_of_the_last_build(logs: LogFolder) -> None:
    for text in ("first\n", "second\n"):
        with logs.writing("web") as write:
            write(text)
    assert logs.path("web").read_text() == "second\n"


def test_a_log_takes_whatever_an_engine_prints(logs: LogFolder) -> None:
    with logs.writing("web") as write:
        write("\udcff\n")
    assert logs.path("web").read_text() == "\\udcff\n"


def test_an_image_that_failed_twice_has_one_link(logs: LogFolder) -> None:
    logs.failed("web")
    logs.failed("web")
    assert [path.name for path in logs.folder.iterdir()] == ["000_FAILED_web.log"]


def test_success_removes_the_link(logs: LogFolder) -> None:
    logs.failed("web")
    logs.succeeded("web")
    assert list(logs.folder.iterdir()) == []


def test_the_end_of_a_log(logs: LogFolder) -> None:
    logs.path("web").write_bytes(b"1\n2\n\xff\n")
    assert last_lines(logs.path("web"), 2) == ["2", "\ufffd"]


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(HeatsinkError) as raised:
        LogFolder(tmp_path / "file/logs").create()
    assert str(raised.value) == f"`{tmp_path}/file/logs` cannot be written: not a directory"
