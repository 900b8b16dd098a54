"""The bundle that a push reads."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from compiler.deploy.bundle import bundle_folder, check_values, read_fleet
from compiler.diagnostics import HeatsinkError
from compiler.model.container import Backend
from compiler.model.fleet import Connection
from tests.support import bundles
from tests.support.bundles import service


def test_a_missing_bundle_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(HeatsinkError, match="no bundle in") as caught:
        read_fleet(tmp_path / "build")
    assert caught.value.problems[0].hint == "run `heatsink compile`"


def test_a_newer_bundle_is_refused(tmp_path: Path) -> None:
    (tmp_path / "fleet.json").write_text(json.dumps({"format": 3, "hosts": {}, "steps": []}))
    with pytest.raises(HeatsinkError, match="has format 3, and this heatsink reads formats up to 2"):
        read_fleet(tmp_path)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": "x"}', '{"format": 1, "hosts": {"a": {}}}'])
def test_a_broken_fleet_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "fleet.json").write_text(text)
    with pytest.raises(HeatsinkError, match="is not a valid fleet"):
        read_fleet(tmp_path)


def test_a_written_fleet_is_read_as_it_was(tmp_path: Path) -> None:
    way = Connection(address="192.0.2.1", port=2222, user="op", identity_file="/key")
    bundles.write_build(tmp_path, {"node1": [service("one")]}, {"node1": way})
    (host,) = read_fleet(tmp_path).hosts
    assert (host.name, host.backend, host.connection) == ("node1", Backend.PODMAN, way)


@pytest.mark.parametrize(
    ("coding", "value"),
    [("|ini", "hunter2\n[other]"), ("|ini", "hunter2\r"), ("|env", "hunter2\n"), ("|env", "hunter2\0")],
)
def test_a_secret_that_its_file_cannot_hold_is_refused_by_name(
    tmp_path: Path, coding: str, value: str
) -> None:
    config = f"a = @{{heatsink:secret:P{coding}}}\n"
    bundles.write_build(tmp_path, {"node1": [service("one", config=config, sensitive=True)]})
    folders = [bundle_folder(tmp_path, host) for host in read_fleet(tmp_path).hosts]
    with pytest.raises(HeatsinkError, match="the value of `P` contains a line break") as caught:
        check_values(folders, {"P": value})
    assert "hunter2" not in caught.value.render()


@pytest.mark.parametrize(
    ("coding", "value"), [("|ini", "x\n"), ("|json|ini", "a\nb"), ("", "a\nb"), ("|url|env", "\0")]
)
def test_a_secret_that_its_file_can_hold_is_accepted(tmp_path: Path, coding: str, value: str) -> None:
    config = f"a = @{{heatsink:secret:P{coding}}}\n"
    bundles.write_build(tmp_path, {"node1": [service("one", config=config, sensitive=True)]})
    check_values([bundle_folder(tmp_path, host) for host in read_fleet(tmp_path).hosts], {"P": value})
