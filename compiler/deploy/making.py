"""New values of secrets: of strings, and of the credentials that a fleet declares."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from compiler.diagnostics import HeatsinkError
from compiler.files.secrets import new_values
from compiler.model.credential import Credential, CredentialKind

if TYPE_CHECKING:
    from compiler.deploy.certificates import KeyAndPublic


@dataclass(frozen=True, slots=True, kw_only=True)
class Making:
    """Makes values for one fleet. `hosts` are the names and addresses of the hosts that need a secret."""

    credentials: tuple[Credential, ...]
    values: Mapping[str, str] = field(repr=False)  # those that the secrets file has
    hosts: Mapping[str, tuple[str, ...]]  # secret → names
    now: datetime

    def belonging(self, names: Iterable[str]) -> set[str]:
        """The secrets that are made with these, given by their names or by those of credentials.

        The authority of a certificate is made with it if it has no value yet.
        """
        wanted = set(names)
        belonging = {name for name in wanted if all(name != part.name for part in self.credentials)}
        for credential in self._parts_of(wanted):
            belonging.update(credential.secrets)
            if credential.ca and not any(name in self.values for name in self._ca(credential).secrets):
                belonging.update(self._ca(credential).secrets)
        return belonging

    def signed_by(self, names: Iterable[str]) -> set[str]:
        """The secrets of the certificates whose authority has one of these secrets, if they have values."""
        replaced = {credential.name for credential in self._parts_of(set(names))}
        signed = (credential for credential in self.credentials if credential.ca in replaced)
        return {name for credential in signed for name in credential.secrets if name in self.values}

    def new(self, names: Iterable[str]) -> dict[str, str]:
        """A new value for each of these secrets; all of a credential are made together.

        Raises HeatsinkError if a certificate cannot be signed, or would have no name.
        """
        wanted = set(names)
        made: dict[str, str] = {}
        for credential in self._parts_of(wanted):
            pair = self._made(credential, {**self.values, **made})
            made.update({credential.key: pair.key, credential.public: pair.public})
        return made | new_values(wanted - made.keys())

    def incomplete(self, missing: Iterable[str]) -> Iterator[tuple[str, Credential]]:
        """Secrets that are missing although another one of their credential has a value."""
        for name in sorted(missing):
            for credential in self._parts_of({name}):
                if any(other in self.values for other in credential.secrets):
                    yield name, credential

    def _parts_of(self, names: set[str]) -> list[Credential]:
        """The credentials that have one of these names, authorities first."""
        concerned = [part for part in self.credentials if names & {part.name, *part.secrets}]
        return sorted(concerned, key=lambda part: (part.kind is not CredentialKind.CA, part.name))

    def _ca(self, credential: Credential) -> Credential:
        return next(part for part in self.credentials if part.name == credential.ca)

    def _made(self, credential: Credential, values: Mapping[str, str]) -> KeyAndPublic:
        from compiler.deploy.certificates import new_authority, new_key_pair

        match credential.kind:
            case CredentialKind.KEY_PAIR:
                return new_key_pair(credential.name)
            case CredentialKind.CA:
                return new_authority(credential.name, self.now)
            case CredentialKind.CERTIFICATE:
                return self._certificate(credential, values)

    def _certificate(self, credential: Credential, values: Mapping[str, str]) -> KeyAndPublic:
        from compiler.deploy.certificates import KeyAndPublic, new_certificate

        ca, names = self._ca(credential), self.names(credential)
        if not names:
            hint = "add `names`, or a service that uses it"
            raise HeatsinkError(
                f"the certificate `{credential.name}` has no name: no host needs it", hint=hint
            )
        authority = KeyAndPublic(values.get(ca.key, ""), values.get(ca.public, ""))
        try:
            return new_certificate(credential.name, names, authority, self.now)
        except ValueError:
            raise HeatsinkError(
                f"`{ca.name}` cannot sign the certificate `{credential.name}`: `{ca.key}` is not the key of"
                f" `{ca.public}`, or has no value",
                hint=f"set `{ca.key}` from a backup, or replace both: `heatsink secrets rotate {ca.name}`",
            ) from None

    def names(self, credential: Credential) -> tuple[str, ...]:
        """The names that belong into a certificate: of the hosts that need it, and its own."""
        hosts = (name for secret in credential.secrets for name in self.hosts.get(secret, ()))
        return tuple(dict.fromkeys((*hosts, *credential.names)))
