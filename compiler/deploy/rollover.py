"""An authority replaced without an outage: for a while both the new and the former one are trusted.

overlapping   the new authority is added before the former one; what that has signed stays
(the certificates are renewed: the new authority signs them)
retired       the former authority is trusted no more
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from compiler.deploy.certificates import is_signed_by, newest
from compiler.deploy.making import Making
from compiler.diagnostics import HeatsinkError, Problem
from compiler.model.credential import Credential, CredentialKind


def overlapping(making: Making, names: Iterable[str]) -> dict[str, str]:
    """New values for authorities whose certificates still contain the former ones.

    Raises HeatsinkError for anything else than an authority with a value.
    """
    authorities = [_authority(making, name) for name in names]
    new = making.new(name for authority in authorities for name in authority.secrets)
    for authority in authorities:
        new[authority.public] += newest(making.values[authority.public])
    return new


def retired(making: Making, names: Iterable[str]) -> dict[str, str]:
    """The certificates of authorities without former ones.

    Raises HeatsinkError for certificates that would not be trusted any more.
    """
    authorities = [_authority(making, name) for name in names]
    if problems := [problem for authority in authorities for problem in _still_needed(making, authority)]:
        raise HeatsinkError.of(problems)
    return {authority.public: newest(making.values[authority.public]) for authority in authorities}


def _authority(making: Making, name: str) -> Credential:
    for credential in making.credentials:
        if credential.kind is CredentialKind.CA and name in (credential.name, *credential.secrets):
            if not newest(making.values.get(credential.public, "")):
                raise HeatsinkError(f"`{credential.public}` has no value that is a certificate")
            return credential
    raise HeatsinkError(f"`{name}` is not an authority", hint="this is for secrets of the kind `ca`")


def _still_needed(making: Making, authority: Credential) -> Iterable[Problem]:
    values: Mapping[str, str] = making.values
    for credential in making.credentials:
        value = values.get(credential.public) if credential.ca == authority.name else None
        if value and not is_signed_by(value, newest(values[authority.public])):
            yield Problem(
                f"`{credential.public}` is signed by a former `{authority.name}`",
                hint=f"run `heatsink secrets rotate {credential.name}`, then push, and retire it after that",
            )
