"""The package versions of a lock on the command line: which file, and what is written into it."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Mapping
from pathlib import Path

import pytest

from compiler.cli.image_pins import locked_builds, pinned_versions, record_builds, sources_pushed
from compiler.files.images_lock import BuildRecord, add_to_lock, read_lock
from compiler.images.outcome import BuildOutcome, BuildResult
from tests.support.build_engine import toy
from tests.support.in_process import run

DIGEST = f"sha256:{'1' * 64}"
RECIPES = {name: toy(f"localhost/heatsink/{name}:1") for name in ("web", "base", "db", "empty")}


def outcome(name: str, packages: Mapping[str, str] | None) -> BuildOutcome:
    return BuildOutcome(name=name, result=BuildResult.BUILT, packages=packages)


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    path = tmp_path / "images.lock.yaml"
    add_to_lock(path, {"r:4000/heatsink/web:1": DIGEST}, {"web": BuildRecord(packages={"web": "1"})})
    return path


def test_the_versions_are_those_of_the_file(lock: Path) -> None:
    assert pinned_versions(locked_builds(lock)) == {"web": {"web": "1"}}


def test_a_record_without_packages_pins_nothing(lock: Path) -> None:
    add_to_lock(lock, builds={"db": BuildRecord(sources={"app": "0123"})})
    assert pinned_versions(locked_builds(lock)) == {"web": {"web": "1"}}


def test_without_the_usual_file_nothing_is_pinned(tmp_path: Path) -> None:
    with contextlib.chdir(tmp_path):
        assert pinned_versions(locked_builds(None)) is None


@pytest.mark.parametrize("command", ["build", "diff"])
def test_a_file_that_is_named_must_exist(command: str, tmp_path: Path) -> None:
    done = run(("images", command, "debian", "--lock", "prod.lock"), tmp_path, {"PATH": ""}, io.StringIO())
    assert (done.returncode, done.stderr) == (
        1,
        "error: there is no lock `prod.lock`\n"
        "hint: check the path, or write the file with `heatsink images build --update`\n",
    )


def test_an_update_ignores_the_versions_and_needs_no_file(lock: Path, tmp_path: Path) -> None:
    assert pinned_versions(locked_builds(lock, update=True)) == {}
    assert locked_builds(tmp_path / "new.lock.yaml", update=True) == {}


def test_a_file_that_is_no_lock_is_refused_before_anything_is_built(tmp_path: Path) -> None:
    (tmp_path / "images.lock.yaml").write_text("images: [a]\n")
    done = run(("images", "build", "debian", "--update"), tmp_path, {"PATH": ""}, io.StringIO())
    assert (done.returncode, done.stderr.splitlines()[1]) == (1, " --> images.lock.yaml:1:9")


def test_new_versions_are_written_beside_what_the_lock_has(lock: Path) -> None:
    packages = {"web": {"web": "2"}, "base": {"libc6": "3"}, "db": None}
    record_builds(lock, [outcome(name, versions) for name, versions in packages.items()], RECIPES)
    written = read_lock(lock)
    assert (written.digests, {name: record.packages for name, record in written.builds.items()}) == (
        {"r:4000/heatsink/web:1": DIGEST},
        {"base": {"libc6": "3"}, "web": {"web": "2"}},
    )


def test_the_same_versions_write_nothing(lock: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = lock.stat().st_mtime_ns
    record_builds(lock, [outcome("web", {"web": "1"}), outcome("empty", {})], RECIPES)
    assert (lock.stat().st_mtime_ns, capsys.readouterr().err) == (before, "")


def test_a_push_records_the_sources_that_the_lock_has_of_an_image() -> None:
    record = BuildRecord(sources={"app": "git:01 v1", "theme": "git:02 main"})
    labelled = {"app": "git:01", "theme": "git:03", "of-a-parent": "git:04 v4"}
    assert sources_pushed(record, labelled) == {"app": "git:01 v1", "theme": "git:03"}
    assert sources_pushed(BuildRecord(), labelled) == labelled
