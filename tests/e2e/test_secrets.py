"""Secrets of a real host: not lost with their file, and changed for their consumers alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.x509 import load_pem_x509_certificate

from compiler import lab as labs
from compiler.files.secrets import SecretsFile
from compiler.lab import LabNode
from compiler.lab.system import wait_until
from compiler.model.credential import Credential, CredentialKind
from tests.support.bundles import CONFIG, service, write_build
from tests.support.images import make_image
from tests.support.nodes import Operator, clean, invocations, lab_of_tests

pytestmark = pytest.mark.lab

CONF = "/var/lib/config-data/one/one.conf"


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabNode]:
    lab = lab_of_tests(tmp_path_factory.mktemp("lab"), 7)
    (node,) = labs.up(lab, 1)
    yield node
    labs.down(lab)


@pytest.fixture
def operator(host: LabNode, tmp_path: Path) -> Operator:
    """Has pushed two services, the first of which has a secret in its configuration."""
    clean(host)
    (tmp_path / "known_hosts").write_text(host.lab.known_hosts.read_text())
    operator = Operator(tmp_path, (host,))
    secret = service("one", config="@{heatsink:secret:Password}", sensitive=True)
    operator.writes(secret, service("two", config="b"))
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
    assert "1 file written, 1 unit restarted" in operator.push()
    assert host.run(("cat", CONF)) == secrets(operator).values()["Password"] != old
    assert invocations(host, "one") != [one]
    assert invocations(host, "two") == [two]


IMAGE = "localhost/tls:1"
SERVER = f"{CONFIG}/tls/tls.conf"
CLIENT = f"{CONFIG}/client/client.conf"
AUTHORITY = Credential(name="Ca", kind=CredentialKind.CA)
LEAF = Credential(name="Web", kind=CredentialKind.CERTIFICATE, ca="Ca", names=("www.example.com",))


@pytest.fixture
def tls(operator: Operator, host: LabNode) -> Operator:
    """Has pushed a container that serves TLS, and a client that has the authority alone."""
    make_image(host, IMAGE, "openssl")
    serve = f"openssl s_server -quiet -www -accept 8443 -cert {SERVER} -key {SERVER}"
    run = f"podman run --rm --replace --name tls --network host --pid host --volume {SERVER}:{SERVER}:ro"
    pair = "@{heatsink:secret:WebKey}@{heatsink:secret:WebCertificate}"
    parts = (
        service("tls", command=f"exec {run} {IMAGE} {serve}", config=pair, sensitive=True),
        service("client", config="@{heatsink:secret:CaCertificate}", sensitive=True),
    )
    ways = {host.name: operator.way(host)}
    write_build(operator.folder / "build", {host.name: parts}, ways, credentials=(AUTHORITY, LEAF))
    operator.push("--yes")
    return operator


def verifies(operator: Operator, host: LabNode, name: str) -> bool:
    """Whether the server soon has the certificate in the secrets file, and the client verifies it."""
    wanted = load_pem_x509_certificate(secrets(operator).values()["WebCertificate"].encode()).serial_number
    serial = wanted.to_bytes((wanted.bit_length() + 7) // 8, "big").hex().upper()
    client = f"openssl s_client -connect localhost:8443 -CAfile {CLIENT} -verify_return_error"
    attempt = f"{client} -verify_hostname {name} </dev/null 2>/dev/null | openssl x509 -noout -serial"
    return wait_until(lambda: f"serial={serial}\n" in host.attempt(("sh", "-c", attempt)).stdout, seconds=120)


def test_a_container_serves_a_certificate_that_clients_with_its_authority_verify(
    tls: Operator, host: LabNode
) -> None:
    assert verifies(tls, host, host.name)
    assert verifies(tls, host, "www.example.com")
    wrong = f"openssl s_client -connect localhost:8443 -CAfile {CLIENT} -verify_return_error"
    assert host.attempt(("sh", "-c", f"{wrong} -verify_hostname other </dev/null")).returncode != 0


def test_a_renewed_certificate_restarts_the_server_alone(tls: Operator, host: LabNode) -> None:
    server, client = invocations(host, "tls", "client")
    tls.heatsink("secrets", "rotate", "Web")
    assert "secret WebCertificate" in tls.heatsink("plan", code=2)
    tls.push()
    assert verifies(tls, host, host.name)
    assert invocations(host, "tls") != [server]
    assert invocations(host, "client") == [client]


def test_a_new_authority_renews_its_certificates_and_the_plan_names_them(
    tls: Operator, host: LabNode
) -> None:
    said = tls.heatsink("secrets", "rotate", "Ca")
    assert "renewed with their authority: WebCertificate, WebKey\n" in said
    units = {unit["unit"]: {cause["name"] for cause in unit["causes"]} for unit in tls.dry_run()["units"]}
    assert units == {
        "heatsink-client.service": {"CaCertificate"},
        "heatsink-tls.service": {"WebCertificate", "WebKey"},
    }
    tls.push()
    assert verifies(tls, host, host.name)


def test_clients_verify_the_server_in_each_step_of_an_overlap(tls: Operator, host: LabNode) -> None:
    for command in (("rotate", "Ca", "--overlap"), ("rotate", "Web"), ("retire", "Ca")):
        tls.heatsink("secrets", *command)
        tls.push()
        assert verifies(tls, host, host.name), command


def test_nothing_is_written_while_no_host_answers(operator: Operator, host: LabNode) -> None:
    secrets(operator).path.unlink()
    (operator.folder / "known_hosts").write_text("")
    assert "host key" in operator.push(code=1)
    assert not secrets(operator).path.exists()
