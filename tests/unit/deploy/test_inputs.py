"""What a push reads: which hosts are meant, the bundle, the file of secrets, the hosts' keys."""

from __future__ import annotations

import json
from pathlib import Path

import paramiko
import pytest

from compiler.deploy.bundle import read_fleet
from compiler.deploy.known_hosts import KnownHosts, UnknownHostKeyError, name_of
from compiler.diagnostics import HeatsinkError
from compiler.files.secrets import AddedMeanwhileError, add_secrets, new_values, read_secrets
from compiler.model.container import Backend
from compiler.model.fleet import Connection, FleetHost
from compiler.model.selection import matching, selected
from tests.support import bundles
from tests.support.bundles import service

NAMES = (*(f"node{number}" for number in range(1, 12)), "web-a", "web-b", "db01", "db02")


@pytest.mark.parametrize(
    ("pattern", "meant"),
    [
        ("node1", {"node1"}),
        ("node[1-3]", {"node1", "node2", "node3"}),
        ("node[9-11,1]", {"node1", "node9", "node10", "node11"}),
        ("db[01-02]", {"db01", "db02"}),
        ("db[1-2]", set()),
        ("web-*", {"web-a", "web-b"}),
        ("node?", {f"node{number}" for number in range(1, 10)}),
    ],
)
def test_a_pattern_means_hosts(pattern: str, meant: set[str]) -> None:
    assert matching(pattern, NAMES) == meant


def test_patterns_add_up_and_roles_narrow() -> None:
    hosts = (fleet_host("a1", "A"), fleet_host("a2", "A"), fleet_host("b1", "B"))
    assert [host.name for host in selected(hosts, ["a1", "b*"], ["A"])] == ["a1"]


def test_a_pattern_that_means_nobody_is_an_error() -> None:
    with pytest.raises(HeatsinkError, match="no host matches `nod1`") as caught:
        selected((fleet_host("node1", "A"),), ["nod1"], [])
    assert caught.value.problems[0].hint == "did you mean `node1`?"


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


def test_secrets_are_made_of_forty_letters_and_digits_and_never_twice() -> None:
    made = new_values({"A", "B"})
    assert all(len(value) == 40 and value.isalnum() for value in made.values())
    assert made["A"] != made["B"]


def test_further_secrets_go_behind_what_an_operator_wrote(tmp_path: Path) -> None:
    path = tmp_path / "secrets.yaml"
    path.write_text("# mine\nA: x")
    path.chmod(0o600)
    add_secrets(path, {"B": "1" * 40})
    assert path.read_text() == f'# mine\nA: x\nB: "{"1" * 40}"\n'
    assert read_secrets(path) == {"A": "x", "B": "1" * 40}


def test_a_secret_that_another_command_wrote_first_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "secrets.yaml"
    add_secrets(path, {"A": "first"})
    before = path.read_text()
    with pytest.raises(AddedMeanwhileError, match="`A`"):
        add_secrets(path, {"A": "second", "B": "x"})
    assert path.read_text() == before


def test_a_new_file_of_secrets_is_its_owners_alone(tmp_path: Path) -> None:
    add_secrets(tmp_path / "secrets.yaml", {"A": "x"})
    assert (tmp_path / "secrets.yaml").stat().st_mode & 0o777 == 0o600


def test_secrets_that_others_can_read_are_refused_with_what_to_run(tmp_path: Path) -> None:
    path = tmp_path / "secrets.yaml"
    path.write_text("A: x\n")
    path.chmod(0o640)
    with pytest.raises(HeatsinkError, match="is readable by other users") as caught:
        read_secrets(path)
    assert "chmod 600" in str(caught.value.problems[0].hint)


@pytest.mark.parametrize("text", ["Password: [hunter2]\n", "Password: 'hunter2\n", "Password: 0600\n"])
def test_a_mistake_in_the_file_of_secrets_shows_its_place_and_no_secret(tmp_path: Path, text: str) -> None:
    path = tmp_path / "secrets.yaml"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(HeatsinkError) as caught:
        read_secrets(path)
    assert f"--> {path}:" in caught.value.render()
    assert "hunter2" not in caught.value.render()


def test_a_host_key_is_refused_or_written_down_as_asked(tmp_path: Path) -> None:
    path, key = tmp_path / "known_hosts", paramiko.ECDSAKey.generate()
    with pytest.raises(UnknownHostKeyError):
        KnownHosts(path, accept_new=False).missing_host_key(paramiko.SSHClient(), "[a]:2222", key)
    KnownHosts(path, accept_new=True).missing_host_key(paramiko.SSHClient(), "[a]:2222", key)
    client = paramiko.SSHClient()
    KnownHosts(path, accept_new=False).guard(client, name_of("a", 2222))
    assert client.get_host_keys().check("[a]:2222", key)


def fleet_host(name: str, role: str) -> FleetHost:
    return FleetHost(name=name, role=role, backend=Backend.PODMAN, connection=Connection(), manifest="")
