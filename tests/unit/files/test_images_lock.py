"""images.lock.yaml: written by `images lock` and `images push`, read by `compile`, by the same rules."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from compiler.diagnostics import CompileError
from compiler.files.images_lock import (
    BuildRecord,
    ImagesLock,
    RecordParts,
    add_to_lock,
    changed_records,
    read_lock,
)

ONE, TWO, THREE = (f"sha256:{digit * 64}" for digit in "123")
BASE = f"registry.example/debian:13@{ONE}"
RECORD = BuildRecord(base=BASE, packages={"memcached": "1.10", "libc6": "2:1"}, sources={"plugin": "0123"})


def test_a_lock_file_keeps_what_was_there_and_is_sorted(tmp_path: Path) -> None:
    path = tmp_path / "images.lock.yaml"
    add_to_lock(path, {"r:4000/heatsink/web:1": ONE, "r:4000/heatsink/db:1": TWO})
    add_to_lock(path, builds={"memcached": RECORD, "base": BuildRecord()})
    add_to_lock(path, {"r:4000/heatsink/web:1": THREE})
    assert path.read_text() == (
        "# written by heatsink images build, lock and push\n"
        "images:\n"
        f"  r:4000/heatsink/db:1: {TWO}\n"
        f"  r:4000/heatsink/web:1: {THREE}\n"
        "builds:\n"
        "  base: {}\n"
        "  memcached:\n"
        f"    base: {BASE}\n"
        "    packages:\n"
        '      libc6: "2:1"\n'
        '      memcached: "1.10"\n'
        "    sources:\n"
        '      plugin: "0123"\n'
    )
    assert read_lock(path) == ImagesLock(
        digests={"r:4000/heatsink/web:1": THREE, "r:4000/heatsink/db:1": TWO},
        builds={"memcached": RECORD, "base": BuildRecord()},
    )
    assert list(tmp_path.iterdir()) == [path]


def test_a_record_gets_other_sources_and_keeps_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "images.lock.yaml"
    add_to_lock(path, builds={"memcached": RECORD, "web": RECORD})
    sources = {"memcached": {"plugin": "4567"}, "web": {}, "new": {"app": "89ab"}, "without": {}}
    parts: dict[str, RecordParts] = {name: {"sources": each} for name, each in sources.items()}
    assert changed_records(path, parts) == {
        "memcached": replace(RECORD, sources={"plugin": "4567"}),
        "web": replace(RECORD, sources={}),
        "new": BuildRecord(sources={"app": "89ab"}),
    }


def test_a_record_gets_other_packages_and_keeps_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "images.lock.yaml"
    add_to_lock(path, builds={"memcached": RECORD, "web": RECORD})
    packages = {"memcached": {"memcached": "1.11"}, "web": {}, "new": {"app": "1"}, "without": {}}
    parts: dict[str, RecordParts] = {name: {"packages": each} for name, each in packages.items()}
    assert changed_records(path, parts) == {
        "memcached": replace(RECORD, packages={"memcached": "1.11"}),
        "web": replace(RECORD, packages={}),
        "new": BuildRecord(packages={"app": "1"}),
    }


def test_a_lock_file_of_the_first_version_is_read(tmp_path: Path) -> None:
    path = tmp_path / "images.lock.yaml"
    path.write_text(f"# written by heatsink images push\nimages:\n  r:4000/heatsink/web:1: {ONE}\n")
    assert read_lock(path) == ImagesLock(digests={"r:4000/heatsink/web:1": ONE})


def test_no_file_is_an_empty_lock(tmp_path: Path) -> None:
    assert read_lock(tmp_path / "images.lock.yaml") == ImagesLock()


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1)
ITEMS = st.dictionaries(TEXT, TEXT, max_size=3)
PACKAGES = st.dictionaries(
    st.from_regex("[a-z0-9][a-z0-9+.-]*", fullmatch=True),
    st.from_regex("[A-Za-z0-9.+:~-]+", fullmatch=True),
    max_size=3,
)


@given(
    st.dictionaries(
        TEXT, st.builds(BuildRecord, base=st.sampled_from(["", BASE]), packages=PACKAGES, sources=ITEMS)
    )
)
@example(
    {"web": BuildRecord(sources={"\u2028": "\u2029\ufeff\x85\x7f"})}
)  # line ends of YAML, and not of JSON
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, builds: dict[str, BuildRecord]
) -> None:
    path = tmp_path_factory.mktemp("lock") / "images.lock.yaml"
    add_to_lock(path, builds=builds)
    assert read_lock(path) == ImagesLock(builds=builds)


@pytest.mark.parametrize(
    "text",
    [
        "images: [a]\n",
        "images: {web: latest}\n",
        "images: {}\nbuilds: {web: {packages: {a: 1.0}}}\n",
        'images: {}\nbuilds: {web: {packages: {a: "1; rm"}}}\n',
        'images: {}\nbuilds: {web: {packages: {a*: "1"}}}\n',
    ],
)
def test_a_file_that_is_not_a_lock_file_is_not_overwritten(tmp_path: Path, text: str) -> None:
    path = tmp_path / "images.lock.yaml"
    path.write_text(text)
    with pytest.raises(CompileError):
        add_to_lock(path, {"web": ONE})
    assert path.read_text() == text
