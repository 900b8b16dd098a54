"""Credentials: secrets that belong together, and are not strings of letters and digits."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

SECRET_KINDS = "SecretKinds"  # noqa: S105 - the parameter that declares them


class CredentialKind(StrEnum):
    """What a credential is."""

    KEY_PAIR = "key_pair"
    CA = "ca"
    CERTIFICATE = "certificate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """A key pair, an authority or a certificate.

    Its secrets begin with its name: `WebTls` has `WebTlsKey` and `WebTlsCertificate`.
    """

    name: str
    kind: CredentialKind
    ca: str = ""  # of a certificate: the credential that signs it
    names: tuple[str, ...] = ()  # of a certificate, besides those of the hosts that need it

    @property
    def key(self) -> str:
        """The secret that is its private key."""
        return f"{self.name}Key"

    @property
    def public(self) -> str:
        """The secret that is its public key or certificate."""
        return f"{self.name}{'PublicKey' if self.kind is CredentialKind.KEY_PAIR else 'Certificate'}"

    @property
    def secrets(self) -> tuple[str, str]:
        """The names of its secrets."""
        return (self.key, self.public)
