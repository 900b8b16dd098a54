"""Certificates that heatsink makes, served by a container on a real host."""

from __future__ import annotations

import pytest
from cryptography.x509 import load_pem_x509_certificate

from compiler.files.secrets import SecretsFile
from compiler.lab import LabNode
from compiler.lab.system import wait_until
from compiler.model.credential import Credential, CredentialKind
from tests.support.bundles import CONFIG, service, write_build
from tests.support.images import make_image
from tests.support.nodes import Operator, invocations

pytestmark = [pytest.mark.lab, pytest.mark.backends]

IMAGE = "localhost/tls:1"
SERVER = f"{CONFIG}/tls/tls.conf"
CLIENT = f"{CONFIG}/client/client.conf"
AUTHORITY = Credential(name="Ca", kind=CredentialKind.CA)
LEAF = Credential(name="Web", kind=CredentialKind.CERTIFICATE, ca="Ca", names=("www.example.com",))


@pytest.fixture
def tls(operator: Operator, node: LabNode) -> Operator:
    """Has pushed a container that serves TLS, and a client that has the authority alone."""
    make_image(node, IMAGE, "openssl")
    engine = f"{node.engine} run --rm --name tls --network host --pid host --volume {SERVER}:{SERVER}:ro"
    serve = f"openssl s_server -quiet -www -accept 8443 -cert {SERVER} -key {SERVER}"
    pair = "@{heatsink:secret:WebKey}@{heatsink:secret:WebCertificate}"
    parts = (
        service(
            "tls",
            command=f"{node.engine} rm --force tls; exec {engine} {IMAGE} {serve}",
            config=pair,
            sensitive=True,
        ),
        service("client", config="@{heatsink:secret:CaCertificate}", sensitive=True),
    )
    build, ways = operator.folder / "build", {node.name: operator.way(node)}
    write_build(build, {node.name: parts}, ways, backend=operator.backend, credentials=(AUTHORITY, LEAF))
    operator.push("--yes")
    return operator


def verifies(operator: Operator, node: LabNode, name: str) -> bool:
    """Whether the server soon has the certificate in the secrets file, and the client verifies it."""
    wanted = load_pem_x509_certificate(
        SecretsFile(operator.folder / "secrets.yaml").values()["WebCertificate"].encode()
    ).serial_number
    serial = wanted.to_bytes((wanted.bit_length() + 7) // 8, "big").hex().upper()
    client = f"openssl s_client -connect localhost:8443 -CAfile {CLIENT} -verify_return_error"
    attempt = f"{client} -verify_hostname {name} </dev/null 2>/dev/null | openssl x509 -noout -serial"
    return wait_until(lambda: f"serial={serial}\n" in node.attempt(("sh", "-c", attempt)).stdout, seconds=120)


def test_a_container_serves_a_certificate_that_clients_with_its_authority_verify(
    tls: Operator, node: LabNode
) -> None:
    assert verifies(tls, node, node.name)
    assert verifies(tls, node, "www.example.com")
    wrong = f"openssl s_client -connect localhost:8443 -CAfile {CLIENT} -verify_return_error"
    assert node.attempt(("sh", "-c", f"{wrong} -verify_hostname other </dev/null")).returncode != 0


def test_a_renewed_certificate_restarts_the_server_alone(tls: Operator, node: LabNode) -> None:
    server, client = invocations(node, "tls", "client")
    tls.heatsink("secrets", "rotate", "Web")
    assert "secret WebCertificate" in tls.heatsink("plan", code=2)
    tls.push()
    assert verifies(tls, node, node.name)
    assert invocations(node, "tls") != [server]
    assert invocations(node, "client") == [client]


def test_a_new_authority_renews_its_certificates_and_the_plan_names_them(
    tls: Operator, node: LabNode
) -> None:
    said = tls.heatsink("secrets", "rotate", "Ca")
    assert "renewed with their authority: WebCertificate, WebKey\n" in said
    units = {unit["unit"]: {cause["name"] for cause in unit["causes"]} for unit in tls.dry_run()["units"]}
    assert units == {
        "heatsink-client.service": {"CaCertificate"},
        "heatsink-tls.service": {"WebCertificate", "WebKey"},
    }
    tls.push()
    assert verifies(tls, node, node.name)


def test_clients_verify_the_server_in_each_step_of_an_overlap(tls: Operator, node: LabNode) -> None:
    for command in (("rotate", "Ca", "--overlap"), ("rotate", "Web"), ("retire", "Ca")):
        tls.heatsink("secrets", *command)
        tls.push()
        assert verifies(tls, node, node.name), command
