"""images.lock.yaml: written by `images push`, read by `compile`, by the same rules."""

from __future__ import annotations

from pathlib import Path

import pytest

from compiler.diagnostics import CompileError
from compiler.files.images_lock import add_to_lock, read_lock

ONE, TWO, THREE = (f"sha256:{digit * 64}" for digit in "123")


def test_a_lock_file_keeps_what_was_there_and_is_sorted(tmp_path: Path) -> None:
    path = tmp_path / "images.lock.yaml"
    add_to_lock(path, {"r:4000/heatsink/web:1": ONE, "r:4000/heatsink/db:1": TWO})
    add_to_lock(path, {"r:4000/heatsink/web:1": THREE})
    assert path.read_text() == (
        "# written by heatsink images push\n"
        "images:\n"
        f"  r:4000/heatsink/db:1: {TWO}\n"
        f"  r:4000/heatsink/web:1: {THREE}\n"
    )
    assert read_lock(path) == {"r:4000/heatsink/web:1": THREE, "r:4000/heatsink/db:1": TWO}
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("text", ["images: [a]\n", "images: {web: latest}\n"])
def test_a_file_that_is_not_a_lock_file_is_not_overwritten(tmp_path: Path, text: str) -> None:
    path = tmp_path / "images.lock.yaml"
    path.write_text(text)
    with pytest.raises(CompileError):
        add_to_lock(path, {"web": ONE})
    assert path.read_text() == text
