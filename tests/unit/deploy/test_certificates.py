"""Keys and certificates, as other programs read them."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from compiler.deploy.certificates import (
    KeyAndPublic,
    expiry,
    names_in,
    new_authority,
    new_certificate,
    new_key_pair,
)

NOW = datetime(2026, 3, 1, tzinfo=UTC)
NAMES = ("web0", "192.0.2.7", "2001:db8::7", "*.example.com")


def openssl(*arguments: str) -> str:
    return subprocess.run(("openssl", *arguments), check=True, capture_output=True, text=True).stdout


def test_a_certificate_is_valid_for_its_names_397_days_and_its_authority_ten_years() -> None:
    authority = new_authority("TlsCa", NOW)
    certificate = new_certificate("WebTls", NAMES, authority, NOW)
    assert names_in(certificate.public) == set(NAMES)
    assert expiry(certificate.public) == NOW + timedelta(days=397)
    assert expiry(authority.public) == NOW + timedelta(days=3650)


def test_openssl_verifies_a_certificate_with_its_authority_and_its_key(tmp_path: Path) -> None:
    authority = new_authority("TlsCa", NOW)
    certificate = new_certificate("WebTls", NAMES, authority, NOW)
    ca, leaf, key = (tmp_path / name for name in ("ca", "leaf", "key"))
    ca.write_text(authority.public)
    leaf.write_text(certificate.public)
    key.write_text(certificate.key)
    at = str(int((NOW + timedelta(days=100)).timestamp()))
    verify = ("verify", "-x509_strict", "-attime", at, "-CAfile", str(ca), "-purpose", "sslserver")
    assert openssl(*verify, "-verify_hostname", "web0", str(leaf)) == f"{leaf}: OK\n"
    assert openssl(*verify, "-verify_ip", "192.0.2.7", str(leaf)) == f"{leaf}: OK\n"
    assert openssl("pkey", "-in", str(key), "-pubout") == openssl(
        "x509", "-in", str(leaf), "-noout", "-pubkey"
    )


def test_an_authority_of_an_operators_own_signs_as_well(tmp_path: Path) -> None:
    key, ca = tmp_path / "key", tmp_path / "ca"
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "9", "-subj", "/O=Example/CN=Own CA",
            "-keyout", str(key), "-out", str(ca))  # fmt: skip
    authority = KeyAndPublic(key.read_text(), ca.read_text())
    (tmp_path / "leaf").write_text(new_certificate("WebTls", ["web0"], authority, datetime.now(UTC)).public)
    assert openssl("verify", "-CAfile", str(ca), str(tmp_path / "leaf")).endswith(": OK\n")


@pytest.mark.parametrize("key", ["", "no key", new_authority("Other", NOW).key])
def test_an_authority_without_its_own_key_signs_nothing(key: str) -> None:
    with pytest.raises(ValueError):
        new_certificate("WebTls", NAMES, KeyAndPublic(key, new_authority("TlsCa", NOW).public), NOW)


def test_ssh_reads_a_key_pair(tmp_path: Path) -> None:
    pair = new_key_pair("MigrationSsh")
    path = tmp_path / "key"
    path.write_text(pair.key)
    path.chmod(0o600)
    shown = subprocess.run(("ssh-keygen", "-y", "-f", str(path)), check=True, capture_output=True, text=True)
    assert shown.stdout.split()[:2] == pair.public.split()[:2]
    assert pair.public.endswith(" MigrationSsh\n")


def test_no_text_of_a_pair_shows_its_key() -> None:
    pair = new_key_pair("MigrationSsh")
    assert pair.key.split("\n")[1] not in repr(pair)


def test_a_text_that_is_no_certificate_expires_never_and_names_nobody() -> None:
    assert (expiry("hunter2"), names_in("hunter2")) == (None, frozenset())
