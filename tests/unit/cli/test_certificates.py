"""Secrets that are certificates and key pairs: generated, renewed, and shown before they expire."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from compiler.cli.status import expiring
from compiler.deploy.certificates import (
    expiry,
    is_signed_by,
    names_in,
    new_authority,
    new_certificate,
    newest,
)
from compiler.deploy.status import HeldCertificate, HostStatus
from compiler.files.secrets import SecretsFile
from compiler.model.credential import Credential, CredentialKind
from tests.support.bundles import service
from tests.support.host_folder import HostFolder, host_folder

CA = Credential(name="Ca", kind=CredentialKind.CA)
WEB = Credential(name="Web", kind=CredentialKind.CERTIFICATE, ca="Ca", names=("www.example.com",))
SSH = Credential(name="Ssh", kind=CredentialKind.KEY_PAIR)
CONFIG = "@{heatsink:secret:WebKey}@{heatsink:secret:WebCertificate}@{heatsink:secret:SshKey}"
ALL = {"CaKey", "CaCertificate", "WebKey", "WebCertificate", "SshKey", "SshPublicKey"}
CONF = "/var/lib/config-data/one/one.conf"


@pytest.fixture
def host(tmp_path: Path) -> HostFolder:
    """A host that needs a certificate and a key pair, to which nothing was pushed."""
    host = host_folder(tmp_path)
    writes(host)
    return host


def writes(host: HostFolder, web: Credential = WEB) -> None:
    one = service("one", config=CONFIG, sensitive=True)
    host.writes(one, service("two", config="b"), credentials=(CA, SSH, web))


def secrets(host: HostFolder) -> SecretsFile:
    return SecretsFile(host.folder / "secrets.yaml")


def test_a_push_generates_certificates_for_the_hosts_that_need_them(host: HostFolder) -> None:
    assert host.heatsink("push-artifacts").returncode == 0
    values = secrets(host).values()
    assert values.keys() == ALL
    assert names_in(values["WebCertificate"]) == {"localhost", "www.example.com"}
    pushed = host.path(CONF).read_text()
    assert pushed == values["WebKey"] + values["WebCertificate"] + values["SshKey"]
    assert values["CaKey"] not in (host.path("/var/lib/heatsink/generations/1/secrets.json")).read_text()


def test_rotating_one_secret_of_a_certificate_renews_all_of_it_and_nothing_else(host: HostFolder) -> None:
    host.heatsink("push-artifacts")
    before = secrets(host).values()
    assert host.heatsink("secrets", "rotate", "WebCertificate").returncode == 0
    after = secrets(host).values()
    assert {name for name in ALL if before[name] != after[name]} == {"WebKey", "WebCertificate"}


def test_rotating_an_authority_renews_what_it_has_signed(host: HostFolder) -> None:
    host.heatsink("push-artifacts")
    before = secrets(host).values()
    assert host.heatsink("secrets", "rotate", "Ca").returncode == 0
    after = secrets(host).values()
    assert {name for name in ALL if before[name] == after[name]} == {"SshKey", "SshPublicKey"}


def test_an_overlap_keeps_the_former_authority_and_what_it_has_signed(host: HostFolder) -> None:
    host.heatsink("push-artifacts")
    before = secrets(host).values()
    assert host.heatsink("secrets", "rotate", "Ca", "--overlap").returncode == 0
    after = secrets(host).values()
    assert {name for name in ALL if before[name] != after[name]} == {"CaKey", "CaCertificate"}
    assert after["CaCertificate"] == newest(after["CaCertificate"]) + before["CaCertificate"]
    assert not is_signed_by(after["WebCertificate"], after["CaCertificate"])


def test_an_authority_is_retired_when_all_certificates_are_of_the_new_one(host: HostFolder) -> None:
    host.heatsink("push-artifacts")
    host.heatsink("secrets", "rotate", "Ca", "--overlap")
    assert host.heatsink("secrets", "retire", "Ca").stderr == (
        "error: `WebCertificate` is signed by a former `Ca`\n"
        "hint: run `heatsink secrets rotate Web`, then push, and retire it after that\n"
    )
    host.heatsink("secrets", "rotate", "Web")
    assert host.heatsink("secrets", "retire", "Ca").stderr == "replaced in secrets.yaml: CaCertificate\n"
    values = secrets(host).values()
    assert values["CaCertificate"] == newest(values["CaCertificate"])
    assert is_signed_by(values["WebCertificate"], values["CaCertificate"])


@pytest.mark.parametrize("command", [("rotate", "--overlap"), ("retire",)])
@pytest.mark.parametrize(
    ("name", "said"),
    [("Web", "`Web` is not an authority"), ("Ca", "`CaCertificate` has no value that is a certificate")],
)
def test_only_an_authority_can_overlap(
    host: HostFolder, command: tuple[str, ...], name: str, said: str
) -> None:
    secrets(host).add({"CaKey": "x", "CaCertificate": "none", "WebKey": "x", "WebCertificate": "none"})
    assert host.heatsink("secrets", *command, name).stderr.startswith(f"error: {said}\n")


def test_after_a_loss_a_renewal_makes_a_new_authority_because_no_host_has_its_key(host: HostFolder) -> None:
    host.heatsink("push-artifacts")
    secrets(host).path.unlink()
    host.heatsink("secrets", "fetch")
    assert secrets(host).values().keys() == {"WebKey", "WebCertificate", "SshKey"}
    assert host.heatsink("push-artifacts").stderr.endswith("0 files, 0 restarts\n")
    assert host.heatsink("secrets", "rotate", "Web").returncode == 0
    assert secrets(host).values().keys() >= {"CaKey", "CaCertificate"}


def test_a_certificate_without_its_key_is_not_completed(host: HostFolder) -> None:
    secrets(host).add({"WebCertificate": "of an authority elsewhere"})
    refused = host.heatsink("push-artifacts")
    assert refused.stderr == (
        "error: `WebKey` has no value in `secrets.yaml`, but `WebCertificate` has one\n"
        "hint: set it from a backup, or replace both: `heatsink secrets rotate Web`\n"
    )


def test_a_key_of_an_unknown_kind_is_not_replaced_by_letters_and_digits(host: HostFolder) -> None:
    host.heatsink("push-artifacts")
    host.writes(service("one", config=CONFIG, sensitive=True))
    refused = host.heatsink("secrets", "rotate", "WebKey")
    assert refused.stderr.startswith("error: `WebKey` is a key or a certificate of an unknown kind\n")


def test_a_certificate_that_lacks_a_name_is_a_warning_of_the_push(host: HostFolder) -> None:
    host.heatsink("push-artifacts")
    writes(host, Credential(name="Web", kind=CredentialKind.CERTIFICATE, ca="Ca", names=("new.example.com",)))
    assert (
        "warning: the certificate `WebCertificate` is not for new.example.com\n"
        "hint: run `heatsink secrets rotate Web`, then push\n"
    ) in host.heatsink("push-artifacts").stderr


def test_status_warns_of_a_certificate_that_expires_within_30_days(host: HostFolder) -> None:
    host.heatsink("push-artifacts")
    assert "expires" not in host.heatsink("status").stderr
    old = datetime.now(UTC) - timedelta(days=380)
    authority = new_authority("Ca", old)
    renewed = new_certificate("Web", ["localhost"], authority, old)
    secrets(host).replace({"WebKey": renewed.key, "WebCertificate": renewed.public})
    host.heatsink("push-artifacts")
    day = f"{expiry(renewed.public):%Y-%m-%d}"
    assert (
        f"warning: localhost: the certificate `WebCertificate` expires on {day}\n"
        "hint: run `heatsink secrets rotate WebCertificate`, then push\n"
    ) in host.heatsink("status").stderr


def test_status_reports_certificates_and_no_key(host: HostFolder) -> None:
    host.heatsink("push-artifacts")
    values = secrets(host).values()
    said = host.heatsink("status", "--json").stdout
    (certificate,) = json.loads(said)[0]["certificates"]
    expires = expiry(values["WebCertificate"])
    assert expires is not None
    assert certificate == {"secret": "WebCertificate", "expires": int(expires.timestamp())}
    assert not any(line in said for line in values["WebKey"].splitlines())


def status(host: str, expires: int) -> HostStatus:
    held = HeldCertificate(secret="Cert", expires=expires)
    return HostStatus(host=host, generation=1, complete=True, units=(), certificates=(held,))


@pytest.mark.parametrize(
    ("days", "shown"),
    [(31, []), (29, ["expires on 1970-01-30"]), (-1, ["expired on 1969-12-31"])],
)
def test_hosts_with_the_same_certificate_are_one_warning(days: int, shown: list[str]) -> None:
    hosts = [status("a", days * 86400), status("b", days * 86400)]
    messages = [problem.message for problem in expiring(hosts, now=0)]
    assert messages == [f"a, b: the certificate `Cert` {words}" for words in shown]


def test_list_has_kinds_and_expiry(host: HostFolder) -> None:
    host.heatsink("push-artifacts")
    listed = {row["secret"]: row for row in json.loads(host.heatsink("secrets", "list", "--json").stdout)}
    assert {name: row["kind"] for name, row in listed.items()} == {
        "CaCertificate": "ca",
        "CaKey": "ca",
        "SshKey": "key_pair",
        "SshPublicKey": "key_pair",
        "WebCertificate": "certificate",
        "WebKey": "certificate",
    }
    assert [name for name, row in listed.items() if row["expires"]] == ["CaCertificate", "WebCertificate"]
