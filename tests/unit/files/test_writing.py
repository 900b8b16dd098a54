"""Files that are replaced: the old content or the new one, and nothing left beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from compiler.files.writing import replace_file


def test_a_file_is_replaced_with_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "folder/file"
    replace_file(path, b"old", 0o644)
    replace_file(path, b"new", 0o600, durable=True)
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"new", 0o600)
    assert list(path.parent.iterdir()) == [path]


def test_nothing_stays_beside_a_file_that_cannot_be_replaced(tmp_path: Path) -> None:
    folder = tmp_path / "taken"
    (folder / "by/files").mkdir(parents=True)
    with pytest.raises(OSError, match="taken"):
        replace_file(folder, b"new", 0o644)
    assert list(tmp_path.iterdir()) == [folder]
