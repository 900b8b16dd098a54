"""What is between us and a host, or missing on it: each a clear message, and the other hosts finish."""

from __future__ import annotations

import dataclasses
import subprocess

import pytest

from compiler.lab import LabNode
from compiler.model.fleet import Connection
from tests.support import bundles
from tests.support.bundles import service
from tests.support.nodes import Operator, new_key

pytestmark = pytest.mark.lab


def test_an_unknown_host_key_is_refused_until_it_is_accepted(operator: Operator, node: LabNode) -> None:
    operator.writes(service("one"))
    (operator.folder / "known_hosts").unlink()
    said = operator.push(code=1)
    assert f"{node.name}: unknown host key of {node.address}: ssh-ed25519 {fingerprint(node)}" in said
    assert "--accept-new-host-keys" in said
    operator.push("--accept-new-host-keys")
    assert "0 files, 0 restarts" in operator.push()


def test_an_unreachable_host_is_named_and_the_others_finish(
    fleet: Operator, nodes: tuple[LabNode, ...]
) -> None:
    away, here = nodes
    fleet.writes(service("one"))
    away.cut()
    try:
        said = fleet.push(code=1)
    finally:
        away.heal()
    assert f"error: {away.name}: root@{away.address} port 22" in said
    assert f"{here.name}: generation 1" in said
    assert "Traceback" not in said


def test_a_host_that_does_not_let_us_in_says_whom(operator: Operator, node: LabNode) -> None:
    new_key(operator.folder / "stranger")
    stranger = dataclasses.replace(operator.way(node), identity_file=str(operator.folder / "stranger"))
    bundles.write_build(operator.folder / "build", {node.name: [service("one")]}, {node.name: stranger})
    assert f"{node.name}: authentication failed for root@{node.address} port 22" in operator.push(code=1)


def test_a_host_behind_a_jump_host_is_reached_as_ssh_config_says(
    fleet: Operator, nodes: tuple[LabNode, ...]
) -> None:
    jump, node = nodes
    config = fleet.folder / ".ssh" / "config"
    config.parent.mkdir()
    config.write_text(
        f"Host inner\n  HostName {node.address}\n  User root\n  ProxyJump root@{jump.address}\n"
        f"Host *\n  IdentityFile {node.lab.identity_file}\n"
    )
    bundles.write_build(
        fleet.folder / "build", {"inner": [service("one")]}, {"inner": Connection(address="inner")}
    )
    assert "inner: generation 1" in fleet.push()
    assert jump.address in node.run(("sh", "-c", "journalctl --boot --unit=ssh | grep Accepted"))


def test_python3_minimal_is_enough_for_a_host(operator: Operator, node: LabNode) -> None:
    states = node.run(("dpkg-query", "-W", "-f", "${db:Status-Status} ${Package}\\n", "*python3*"))
    installed = [line.split()[1] for line in states.splitlines() if line.startswith("installed ")]
    assert "python3-minimal" in installed
    assert not [package for package in installed if not package.endswith("-minimal")]
    operator.writes(service("one", config="@{heatsink:secret:Password|url}", sensitive=True))
    assert "1 unit started" in operator.push()
    assert operator.status()["heatsink-one.service"]["up"]


def fingerprint(node: LabNode) -> str:
    """The fingerprint of a node's host key."""
    done = subprocess.run(("ssh-keygen", "-lf", "-"), input=node.host_key, check=True, text=True, stdout=-1)
    return done.stdout.split()[1]
