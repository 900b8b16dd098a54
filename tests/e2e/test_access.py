"""What a host lets us do: its addresses, its users and sudo, and what must be installed on it.

A host that cannot be pushed to says why and what to do, and nothing on it changes.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from compiler.host.manifest import ENGINES
from compiler.lab import LabNode
from compiler.model.artifact import Artifacts
from tests.support import bundles
from tests.support.bundles import service
from tests.support.nodes import Operator, new_key

pytestmark = [pytest.mark.lab, pytest.mark.backends]

ALLOW = "allow the user to run sudo without a password, or set `user: root` in the hosts file"
INSTALL_ENGINE = (
    "install it (Debian: apt-get install {package}), or choose another ContainerBackend for the host"
)
CHANGED = (
    "if the host was reinstalled, remove its line from the known_hosts file; "
    "otherwise this may be a man-in-the-middle attack"
)


def test_a_host_is_reached_by_its_ipv6_address(operator: Operator, node: LabNode) -> None:
    writes(operator, node, address=node.address6)
    assert f"{node.name}: generation 1" in operator.push()
    assert operator.status()["heatsink-one.service"]["up"]
    assert "0 files, 0 restarts" in operator.push()


def test_the_key_of_an_ipv6_address_is_accepted_and_then_known(operator: Operator, node: LabNode) -> None:
    (operator.folder / "known_hosts").unlink()
    writes(operator, node, address=node.address6)
    operator.push("--accept-new-host-keys")
    known = (operator.folder / "known_hosts").read_text()
    assert known == f"{node.address6} {node.host_key}\n"
    assert "0 files, 0 restarts" in operator.push()


def test_a_user_with_sudo_pushes_looks_and_rolls_back(operator: Operator, node: LabNode) -> None:
    writes(operator, node, service("one", config="a"), user="operator")
    operator.push()
    writes(operator, node, service("one", config="b"), user="operator")
    operator.push()
    assert f"{node.name}: generation 1" in operator.heatsink("rollback", "--yes")
    assert operator.status()["heatsink-one.service"]["up"]
    assert node.run(("stat", "-c", "%U", "/etc/systemd/system/heatsink-one.service")) == "root\n"


@pytest.mark.parametrize(
    ("user", "reason", "hint"),
    [
        ("operator-password", "sudo: a password is required", ALLOW),
        ("operator-nosudo", "sudo: a password is required", ALLOW),
        (
            "operator-tty",
            "sudo: sorry, you must have a tty to run sudo",
            "remove `requiretty` for the user from the host's sudoers",
        ),
    ],
)
def test_a_user_whom_sudo_refuses_is_told_what_to_do(
    operator: Operator, node: LabNode, user: str, reason: str, hint: str
) -> None:
    writes(operator, node, user=user)
    refused(operator, node, reason, hint)


@pytest.mark.parametrize(
    ("program", "user", "reason", "hint"),
    [
        (
            "python3", "root", "python3 is not installed",
            "install it (Debian: apt-get install python3)",
        ),
        (
            "{engine}", "root", "`{engine}` is not installed",
            INSTALL_ENGINE,
        ),
        (
            "sudo", "operator", "bash: line 1: sudo: command not found",
            "install sudo, or set `user: root` in the hosts file",
        ),
    ],
)  # fmt: skip
def test_a_missing_program_is_named(
    operator: Operator, node: LabNode, program: str, user: str, reason: str, hint: str
) -> None:
    words = {"engine": node.engine, "package": ENGINES[node.engine]}
    writes(operator, node, user=user)
    with moved(node, f"/usr/bin/{program.format(**words)}"):
        refused(operator, node, reason.format(**words), hint.format(**words))


def test_a_changed_host_key_is_refused_whatever_is_accepted(operator: Operator, node: LabNode) -> None:
    other = new_key(operator.folder / "other").read_text()
    (operator.folder / "known_hosts").write_text(f"{node.address} {other}")
    writes(operator, node)
    refused(operator, node, f"the host key of {node.address} has CHANGED to ssh-ed25519 ", CHANGED)


def writes(
    operator: Operator, node: LabNode, *parts: Artifacts, user: str = "root", address: str = ""
) -> None:
    """A build for the node, which is reached as a user or by an address."""
    way = dataclasses.replace(operator.way(node, user), address=address or node.address)
    hosts = {node.name: parts or [operator.container("one")]}
    bundles.write_build(operator.folder / "build", hosts, {node.name: way}, backend=operator.backend)


def refused(operator: Operator, node: LabNode, reason: str, hint: str) -> None:
    """A push is refused for a reason, with a hint, and leaves nothing on the node."""
    said = operator.push("--accept-new-host-keys", code=1)
    assert f"error: {node.name}: " in said
    assert reason in said
    assert f"hint: {hint}\n" in said
    assert node.run(("find", "/etc", "/var/lib", "-name", "heatsink-*")) == ""


@contextmanager
def moved(node: LabNode, path: str) -> Iterator[None]:
    """A node on which something is not where it belongs."""
    node.run(("mv", path, f"{path}.away"))
    try:
        yield
    finally:
        node.run(("mv", f"{path}.away", path))
