"""What a policy of podman wants of an image: the narrowest scope counts, as podman has it."""

from __future__ import annotations

import base64
import json

import pytest

from compiler.diagnostics import HeatsinkError
from compiler.images.policy import Requirement, SignaturePolicy

DIGEST = f"sha256:{'1' * 64}"
ANY, REJECT = [{"type": "insecureAcceptAnything"}], [{"type": "reject"}]


def signed_by(keys: bytes, **more: str) -> list[dict[str, str]]:
    return [{"type": "signedBy", "keyType": "GPGKeys", "keyData": base64.b64encode(keys).decode(), **more}]


def policy(default: object = ANY, **scopes: object) -> SignaturePolicy:
    return SignaturePolicy.parse(json.dumps({"default": default, "transports": {"docker": scopes}}).encode())


@pytest.mark.parametrize(
    ("reference", "keys"),
    [
        (f"registry.example:4000/site/web@{DIGEST}", b"image"),
        (f"registry.example:4000/site/db@{DIGEST}", b"repository"),
        (f"registry.example:4000/site/deep/app@{DIGEST}", b"namespace"),
        (f"registry.example:4000/other@{DIGEST}", b"registry"),
        (f"one.two.example/web@{DIGEST}", b"domain"),
        (f"nginx@{DIGEST}", b"official"),
        (f"other.invalid/web@{DIGEST}", b"all"),
    ],
)
def test_the_narrowest_scope_counts(reference: str, keys: bytes) -> None:
    scopes = {
        f"registry.example:4000/site/web@{DIGEST}": b"image",
        "registry.example:4000/site/db": b"repository",
        "registry.example:4000/site": b"namespace",
        "registry.example:4000": b"registry",
        "*.two.example": b"domain",
        "*.example": b"wider",
        "docker.io/library": b"official",
        "": b"all",
    }
    signed = policy(REJECT, **{scope: signed_by(keys) for scope, keys in scopes.items()})
    assert signed.requirement(reference) == Requirement(keys=keys)


@pytest.mark.parametrize(("default", "rejects"), [(ANY, False), (REJECT, True)])
def test_the_default_is_for_registries_that_nothing_else_names(default: object, rejects: bool) -> None:
    assert policy(default).requirement("web:1") == Requirement(rejects=rejects)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b'{"default": []}',
        b'{"default": [{"type": "sigstoreSigned"}]}',
        b'{"default": [{"type": "reject", "more": 1}]}',
        b'{"default": [{"type": "reject"}, {"type": "reject"}]}',
        json.dumps({"default": signed_by(b"k", signedIdentity="x")}).encode(),
        b'{"default": [{"type": "signedBy", "keyType": "GPGKeys", "keyPath": "/etc/keys"}]}',
        b'{"default": [{"type": "signedBy", "keyType": "GPGKeys", "keyData": "*"}]}',
        b'{"default": [{"type": "signedBy", "keyType": "GPGKeys", "keyData": ""}]}',
    ],
)
def test_a_policy_that_is_not_understood_is_an_error(content: bytes) -> None:
    with pytest.raises(HeatsinkError, match="a push does not understand the policy"):
        SignaturePolicy.parse(content)
