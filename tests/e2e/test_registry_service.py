"""The registry of the library, with TLS and a login: a host serves it, and another one pulls from it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from compiler import __version__
from compiler.deploy.certificates import new_certificate
from compiler.files.secrets import SecretsFile
from compiler.lab import LabNode
from compiler.lab.system import wait_until
from tests.support.docker_registry import LOGIN, upload
from tests.support.images import layer_of
from tests.support.loopback_registry import AUTHORITY, NOW
from tests.support.nodes import Operator, registry_of
from tests.support.registry_client import TEMPLATE

pytestmark = pytest.mark.lab

USER, PASSWORD = LOGIN.split(":")
COLLECTION = "heatsink-registry_garbage_collection"
ROLES = [
    {"name": "Hub", "ServicesDefault": ["OS::Heatsink::Services::Registry"]},
    {"name": "Web", "ServicesDefault": ["OS::Heatsink::Services::RegistryClient", "Web"]},
]


@pytest.fixture
def image(fleet: Operator) -> Iterator[str]:
    """The image of the registry, which is built here; nodes pull it from the lab's registry."""
    with registry_of(fleet.nodes[0].lab) as address:
        fleet.heatsink("images", "build", "registry")
        fleet.heatsink("images", "push", "registry", "--registry", address, "--insecure-registry")
        pushed = f"{address}/heatsink/registry:{__version__}"
        yield pushed
    subprocess.run(("podman", "rmi", pushed), check=False, capture_output=True)


def writes(fleet: Operator, hub: LabNode, registry_image: str) -> None:
    """Write what an operator has: two hosts of two roles, and a certificate of the first one."""
    made = new_certificate("registry", [hub.address], AUTHORITY, NOW)
    hosts = [
        {
            "name": node.name,
            "role": role["name"],
            "address": node.address,
            "identity_file": str(node.lab.identity_file),
        }
        for node, role in zip(fleet.nodes, ROLES, strict=True)
    ]
    parameters = {
        "ContainerRegistryImage": registry_image,
        "ContainerFilesLimit": 1024,  # nodes may not raise theirs
        "RegistryUser": USER,
        "RegistryTlsCertificate": made.public,
        "RegistryCaCertificate": AUTHORITY.public,
        "RegistryAddresses": [f"{hub.address}:4000"],
        "WebImage": "example.invalid/none:1",
    }
    documents = {
        "hosts.yaml": {"hosts": hosts},
        "roles_data.yaml": ROLES,
        "site.yaml": {"resource_registry": {"Web": "templates/web.yaml"}, "parameter_defaults": parameters},
    }
    for name, document in documents.items():
        (fleet.folder / name).write_text(json.dumps(document))
    (fleet.folder / "templates").mkdir()
    (fleet.folder / "templates/web.yaml").write_text(TEMPLATE)
    SecretsFile(Path(fleet.folder) / "secrets.yaml").add(
        {"RegistryPassword": PASSWORD, "RegistryTlsKey": made.key}
    )


def pushes(fleet: Operator, *selection: str) -> None:
    fleet.heatsink("compile", "-e", "site.yaml", "-r", "roles_data.yaml", *selection)
    fleet.push()


def is_up(fleet: Operator) -> bool:
    units = [unit for host in fleet.hosts() for unit in host["units"]]
    return len(units) == 4 and all(unit["up"] for unit in units)


def test_a_host_serves_images_and_another_one_pulls_them(fleet: Operator, image: str) -> None:
    hub, web = fleet.nodes
    writes(fleet, hub, image)
    pushes(fleet, "--role", "Hub")
    address = f"{hub.address}:4000"
    digest = upload(address, "site/web", layer_of(web))
    hub.run(("systemctl", "start", COLLECTION))
    text = (fleet.folder / "site.yaml").read_text()
    (fleet.folder / "site.yaml").write_text(
        text.replace("example.invalid/none:1", f"{address}/site/web@{digest}")
    )
    pushes(fleet)
    assert wait_until(lambda: is_up(fleet), seconds=120)
    assert "blobs marked" in hub.run(("journalctl", "--unit", COLLECTION, "--output", "cat"))
