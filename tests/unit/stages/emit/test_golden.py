"""What emit spells, file by file. What its consumers think is in test_verify and e2e/test_emit_on_nodes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from compiler.model.container import Backend
from tests.support import emit_cases
from tests.support.golden import remove_common


@pytest.mark.parametrize("case", emit_cases.cases(), ids=lambda case: case.name)
def test_a_container_is_spelled_for_each_backend(
    case: Path, tmp_path: Path, golden: Callable[[Path, Path], None]
) -> None:
    for backend in Backend:
        emit_cases.write(emit_cases.artifacts(case, backend), tmp_path / backend)
        if case != emit_cases.USUAL:
            emit_cases.remove_usual_record(tmp_path / backend, backend)
        if emit_cases.is_host(case):
            remove_common(tmp_path / backend)
    golden(tmp_path, case / "expected")


def test_a_secret_in_the_environment_lies_in_a_private_file() -> None:
    for backend in Backend:
        files = emit_cases.artifacts(emit_cases.CASES / "secret", backend).files
        holding = {file.path: (file.mode, file.sensitive) for file in files if b"DbPassword" in file.content}
        assert holding == {"/var/lib/heatsink/env/it.env": (0o600, True)}
