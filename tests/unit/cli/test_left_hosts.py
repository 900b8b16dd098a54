"""A host that left the hosts file is named until it is removed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from compiler.deploy.bundle import forget, read_fleet
from tests.support.operator import heatsink, operator_folder

TWO = "project: shop\nhosts:\n  - {name: web0, role: Web}\n  - {name: web1, role: Web, address: 192.0.2.9}\n"
ONE = "project: shop\nhosts:\n  - {name: web0, role: Web}\n"
WARNING = (
    "warning: host `web1` has left the hosts file, and still runs what was pushed to it\n"
    "hint: remove that with `heatsink remove --host web1`, or put the host back\n"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder whose fleet web1 has left."""
    compiled(operator_folder(tmp_path), TWO)
    return compiled(tmp_path, ONE)


def compiled(folder: Path, hosts: str, options: str = "") -> Path:
    (folder / "hosts.yaml").write_text(hosts, encoding="utf-8")
    assert heatsink(folder, f"compile {options}") == 0
    return folder


def left(folder: Path) -> list[str]:
    return [host.name for host in read_fleet(folder / "build").left]


@pytest.mark.parametrize("options", ["", "--host web0", "--check"])
def test_every_compile_names_it(folder: Path, capsys: pytest.CaptureFixture[str], options: str) -> None:
    capsys.readouterr()
    compiled(folder, ONE, options)
    assert WARNING in capsys.readouterr().err
    assert left(folder) == ["web1"]


def test_fleet_json_says_how_to_connect_to_it(folder: Path) -> None:
    (host,) = read_fleet(folder / "build").left
    assert (host.role, host.connection.address, host.manifest) == ("Web", "192.0.2.9", "")


def test_status_has_a_row_for_it(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert heatsink(folder, "status --host web1") == 0
    row = "web1\t-\tleft the hosts file; remove with heatsink remove --host web1"
    assert row in capsys.readouterr().out
    assert heatsink(folder, "status --host web1 --json") == 0
    assert json.loads(capsys.readouterr().out) == [
        {"host": "web1", "state": "left", "up": None, "left": True, "errors": [], "units": []}
    ]


def test_a_dry_run_names_it(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert heatsink(folder, "push-artifacts --dry-run") == 1  # nobody knows the key of web0
    assert WARNING in capsys.readouterr().err


def test_a_host_that_returns_has_not_left(folder: Path) -> None:
    compiled(folder, TWO)
    assert left(folder) == []


def test_a_host_that_was_removed_is_forgotten(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    forget(folder / "build", "web1")
    before = (folder / "build/fleet.json").read_bytes()
    capsys.readouterr()
    compiled(folder, ONE)
    assert "web1" not in capsys.readouterr().err
    assert (folder / "build/fleet.json").read_bytes() == before


def test_the_project_is_in_the_fleet_and_in_every_manifest(folder: Path) -> None:
    manifest = json.loads((folder / "build/hosts/web0/manifest.json").read_bytes())
    assert (read_fleet(folder / "build").project, manifest["project"]) == ("shop", "shop")
