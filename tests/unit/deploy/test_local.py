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


def test_a_command_that_is_silent_is_not_waited_for(tmp_path: Path) -> None:
    channel = LocalTransport(environment={"HEATSINK_ROOT": str(tmp_path)}).open()
    greeting = channel.receive(10)
    with pytest.raises(TimeoutError):
        channel.receive(0.01)
    channel.close()
    assert greeting == b"heatsink 1 up 0 - - -\n"
