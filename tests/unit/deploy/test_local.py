"""The connection to this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from compiler.deploy.errors import DeployError
from compiler.deploy.local import LocalTransport


def test_a_program_that_is_missing_is_named(tmp_path: Path) -> None:
    transport = LocalTransport(environment={"HEATSINK_ROOT": str(tmp_path), "PATH": str(tmp_path)})
    with pytest.raises(DeployError) as caught:
        transport.open()
    assert caught.value.render() == (
        "error: localhost: `sh` is not installed\n"
        "hint: run heatsink as root, or install sudo and allow it without a password"
    )
