"""Secrets of a real host: not lost with their file, and changed for their consumers alone."""

from __future__ import annotations

import pytest

from compiler.files.secrets import SecretsFile
from compiler.lab import LabNode
from tests.support.bundles import service
from tests.support.nodes import Operator, invocations

pytestmark = [pytest.mark.lab, pytest.mark.backends]

CONF = "/var/lib/config-data/one/one.conf"


@pytest.fixture
def host(node: LabNode) -> LabNode:
    return node


@pytest.fixture
def operator(operator: Operator) -> Operator:
    """Has pushed a service with a secret in its configuration, and a container."""
    secret = service("one", config="@{heatsink:secret:Password}", sensitive=True)
    operator.writes(secret, operator.container("two", config="b"))
    operator.push()
    return operator


def secrets(operator: Operator) -> SecretsFile:
    return SecretsFile(operator.folder / "secrets.yaml")


def test_a_lost_secrets_file_is_refused_and_then_fetched(operator: Operator, host: LabNode) -> None:
    lost = secrets(operator).values()
    secrets(operator).path.unlink()
    before = invocations(host, "one", "two")
    assert f"`Password` has no value here, and {host.name} has one" in operator.push(code=1)
    assert not secrets(operator).path.exists()
    assert operator.heatsink("secrets", "fetch") == "fetched to secrets.yaml: Password\n"
    assert secrets(operator).values() == lost
    assert operator.push().endswith("0 files, 0 restarts\n")
    assert invocations(host, "one", "two") == before


def test_a_rotated_secret_restarts_its_consumer_alone(operator: Operator, host: LabNode) -> None:
    old = host.run(("cat", CONF))
    (one, two) = invocations(host, "one", "two")
    operator.heatsink("secrets", "rotate", "Password")
    assert "1 file written, 1 unit started" in operator.push()
    assert host.run(("cat", CONF)) == secrets(operator).values()["Password"] != old
    assert invocations(host, "one") != [one]
    assert invocations(host, "two") == [two]


def test_nothing_is_written_while_no_host_answers(operator: Operator, host: LabNode) -> None:
    secrets(operator).path.unlink()
    (operator.folder / "known_hosts").write_text("")
    assert "host key" in operator.push(code=1)
    assert not secrets(operator).path.exists()
