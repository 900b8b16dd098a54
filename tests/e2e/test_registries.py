"""Hosts that pull from a registry with TLS and a login, by what their bundle says of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from compiler.lab import LabNode
from tests.support.containers import IMAGE
from tests.support.docker_registry import LOGIN, secured_registry, upload
from tests.support.footprint import footprint
from tests.support.images import layer_of
from tests.support.loopback_registry import AUTHORITY
from tests.support.nodes import Operator
from tests.support.registry_client import compile_web

pytestmark = [pytest.mark.lab, pytest.mark.backends]

USER, PASSWORD = LOGIN.split(":")


@pytest.fixture
def image(node: LabNode, tmp_path: Path) -> Iterator[str]:
    """An image in a registry with TLS and a login, of programs of the node."""
    with secured_registry(tmp_path, node.lab.gateway) as address:
        yield f"{address}/site/web@{upload(address, 'site/web', layer_of(node))}"


def compiles(operator: Operator, node: LabNode, image: str, registry: str, password: str) -> None:
    """Compile a service with an image, and what its host has to know of a registry."""
    login = {
        "RegistryAddresses": [registry],
        "RegistryUser": USER,
        "RegistryCaCertificate": AUTHORITY.public,
    }
    compile_web(operator, node, image, login, {"RegistryPassword": password})


def test_a_host_pulls_with_the_login_and_the_authority_of_its_bundle(
    operator: Operator, node: LabNode, image: str
) -> None:
    compiles(operator, node, image, image.partition("/")[0], PASSWORD)
    operator.push()
    operator.status(code=0)
    assert node.run(("stat", "-L", "-c", "%a %U", "/root/.docker/config.json")).split() == ["600", "root"]
    node.run((node.engine, "rmi", "--force", image))
    node.run((node.engine, "pull", "--quiet", image))  # by what is installed


def test_a_wrong_password_changes_nothing(operator: Operator, node: LabNode, image: str) -> None:
    address = image.partition("/")[0]
    compiles(operator, node, IMAGE, address, "n0tr1ght")
    operator.push()
    before = footprint(node)
    compiles(operator, node, image, address, "n0tr1ght")
    said = operator.push(code=1)
    assert f"image `{image}` cannot be pulled: " in said
    assert (
        "hint: nothing on the host was changed; check the user and the password that the bundle has" in said
    )
    assert "n0tr1ght" not in said
    assert footprint(node) == before
