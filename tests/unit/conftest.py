"""What unit tests can use: a folder that stands for a host."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.host_folder import HostFolder, host_folder


@pytest.fixture
def host(tmp_path: Path) -> HostFolder:
    return host_folder(tmp_path)
