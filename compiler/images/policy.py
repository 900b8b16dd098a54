"""podman's policy: whose signatures images must have, by their registries.

{"default": [{"type": "insecureAcceptAnything"}],
 "transports": {"docker": {
   "registry.example:4000/site": [{"type": "signedBy", "keyType": "GPGKeys", "keyData": "…"}],
   "": [{"type": "reject"}]}}}

https://github.com/containers/image/blob/main/docs/containers-policy.json.5.md
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from compiler.diagnostics import HeatsinkError
from compiler.images.reference import image_reference


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """What images of one scope must have: a signature by one of these public keys, or nothing."""

    keys: bytes = b""
    rejects: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SignaturePolicy:
    """Scope, such as `registry.example:4000/site`, or "" for all others → requirement."""

    requirements: Mapping[str, Requirement]

    @classmethod
    def parse(cls, content: bytes) -> SignaturePolicy:
        """Read a policy. Raises HeatsinkError unless it is one that can be obeyed here."""
        try:
            document = json.loads(content)
            scopes = {"": document["default"], **document.get("transports", {}).get("docker", {})}
            return cls(requirements={scope: _requirement(rows) for scope, rows in scopes.items()})
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            raise HeatsinkError(
                "a push does not understand the policy of signatures in the bundle",
                hint="use one `signedBy` with `keyData`, `reject` or `insecureAcceptAnything` for each scope",
            ) from None

    def requirement(self, reference: str) -> Requirement:
        """Of the narrowest scope that an image is in."""
        return next(self.requirements[scope] for scope in _scopes(reference) if scope in self.requirements)


def _scopes(reference: str) -> Iterator[str]:
    """The scopes that an image is in, the narrowest first; `*.example` has all registries of a domain."""
    image = image_reference(reference)
    name = f"{image.host}/{image.name}"
    yield f"{name}{'@' if image.digest else ':'}{image.version}"
    while name:
        yield name
        name = name.rpartition("/")[0]
    domain = image.host
    while "." in domain:
        domain = domain.partition(".")[2]
        yield f"*.{domain}"
    yield ""


def _requirement(rows: list[dict[str, Any]]) -> Requirement:
    [row] = rows
    match row:
        case {"type": "signedBy", "keyType": "GPGKeys", "keyData": keys, **rest} if keys and not rest:
            return Requirement(keys=base64.b64decode(keys, validate=True))
        case {"type": "reject" | "insecureAcceptAnything" as kind, **rest} if not rest:
            return Requirement(rejects=kind == "reject")
    raise ValueError(row)
