"""Keys and certificates as PEM text: how they are made, and what is in them.

Certificates have ECDSA keys on P-256, which every TLS library has; ssh keys are Ed25519.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import TypeAlias

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_Signer: TypeAlias = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

CA_LIFE = timedelta(days=3650)
LIFE = timedelta(days=397)  # the longest that browsers have accepted of any authority
SKEW = timedelta(minutes=10)  # by which the clock of a host may be slow


@dataclass(frozen=True, slots=True)
class KeyAndPublic:
    """A private key, and the public key or certificate that belongs to it, as text."""

    key: str = field(repr=False)
    public: str


def new_key_pair(comment: str) -> KeyAndPublic:
    """A new key pair for ssh, in the formats of OpenSSH."""
    key = ed25519.Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()
    return KeyAndPublic(private, f"{public} {comment}\n")


def new_authority(name: str, now: datetime) -> KeyAndPublic:
    """A new authority: its key, and its certificate, which it signs itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    builder = (
        _builder(_subject(name), _subject(name), key, now, CA_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
    )
    return _signed(builder, key, key)


def new_certificate(name: str, names: Iterable[str], authority: KeyAndPublic, now: datetime) -> KeyAndPublic:
    """A new key and certificate, for servers and clients, of these host names and addresses.

    Raises ValueError if the authority is not a certificate and its key, without a passphrase.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    issuer, signer = _issuer(authority)
    builder = (
        _builder(_subject(name), issuer.subject, key, now, LIFE)
        .add_extension(x509.SubjectAlternativeName(map(_general_name, names)), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage(_PURPOSES), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
    )
    return _signed(builder, key, signer)


_PURPOSES = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH)


def expiry(pem: str) -> datetime | None:
    """When the first of some certificates expires; None if the text is not certificates."""
    try:
        certificates = x509.load_pem_x509_certificates(pem.encode())
        return min(certificate.not_valid_after_utc for certificate in certificates)
    except ValueError:
        return None


def newest(pem: str) -> str:
    """The first of some certificates, which is that of an authority's key; "" if the text has none."""
    try:
        return x509.load_pem_x509_certificate(pem.encode()).public_bytes(Encoding.PEM).decode()
    except ValueError:
        return ""


def is_signed_by(pem: str, authority: str) -> bool:
    """Whether a certificate is signed by an authority's first one; False if the text is not one."""
    try:
        certificate = x509.load_pem_x509_certificate(pem.encode())
        certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(authority.encode()))
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def names_in(pem: str) -> frozenset[str]:
    """The host names and addresses in a certificate; none if the text is not one."""
    try:
        extensions = x509.load_pem_x509_certificate(pem.encode()).extensions
        names = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, x509.ExtensionNotFound):
        return frozenset()
    return frozenset(_texts(names))


def _texts(names: x509.SubjectAlternativeName) -> Iterator[str]:
    yield from names.get_values_for_type(x509.DNSName)
    yield from map(str, names.get_values_for_type(x509.IPAddress))


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime, life: timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - SKEW)
        .not_valid_after(now + life)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _signed(
    builder: x509.CertificateBuilder, key: ec.EllipticCurvePrivateKey, signer: _Signer
) -> KeyAndPublic:
    certificate = builder.sign(signer, hashes.SHA256()).public_bytes(Encoding.PEM).decode()
    return KeyAndPublic(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(), certificate
    )


def _subject(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _issuer(authority: KeyAndPublic) -> tuple[x509.Certificate, _Signer]:
    """An authority's certificate and key. Raises ValueError if they are not, or not of each other."""
    certificate = x509.load_pem_x509_certificate(authority.public.encode())
    try:
        key = load_pem_private_key(authority.key.encode(), None)
    except (TypeError, UnsupportedAlgorithm):  # it has a passphrase
        raise ValueError from None
    if not isinstance(key, _Signer) or key.public_key() != certificate.public_key():
        raise ValueError
    return certificate, key


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
