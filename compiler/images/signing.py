"""Signing images by the digests of a lock, and refusing those that nobody trusted has signed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from compiler.diagnostics import HeatsinkError, Problem, Report
from compiler.images.gpg import Keyring, trusting
from compiler.images.layout import repository
from compiler.images.lookaside import Lookaside, Signatures
from compiler.images.policy import SignaturePolicy
from compiler.images.reference import image_reference
from compiler.images.registry import RegistryClient
from compiler.images.saving import pinned
from compiler.images.signature import SignedImage, signed_image, stated, statement

_SIGN = "sign it with `heatsink images sign`"
_REJECTED = "take it from a registry of `RegistrySigned`, or set `RegistryUnsigned` to `accept`"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureOutcome:
    """An image with the fingerprint of the key that has signed it, or what is wrong with it."""

    reference: str
    digest: str
    fingerprint: str = ""
    is_new: bool = False
    error: HeatsinkError | None = None


def sign(
    keyring: Keyring, key: str, images: Iterable[tuple[str, str]], lookaside: Lookaside
) -> Iterator[SignatureOutcome]:
    """Sign images, each a reference and the same with a digest, that this key has not signed yet."""
    fingerprint = keyring.fingerprint(key)
    for reference, by_digest in images:
        digest = image_reference(by_digest).version
        is_new = fingerprint not in _signers(keyring, by_digest, lookaside, Report())
        if is_new:
            lookaside.add(by_digest, keyring.sign(fingerprint, statement(reference, digest)))
        yield SignatureOutcome(reference=reference, digest=digest, fingerprint=fingerprint, is_new=is_new)


def with_platforms(client: RegistryClient, images: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Images, and of each index those for its platforms, as their registries have them."""
    for reference, by_digest in images.items():
        yield reference, by_digest
        for image in client.manifest(by_digest).images:
            yield reference, f"{repository(by_digest)}@{image['digest']}"


def verify(keyring: Keyring, images: Mapping[str, str], lookaside: Signatures) -> Iterator[SignatureOutcome]:
    """Find a signature by a key of the keyring for each image, reference → reference with a digest."""
    for reference, by_digest in images.items():
        digest = image_reference(by_digest).version
        try:
            fingerprint = _signer(keyring, reference, by_digest, lookaside)
            yield SignatureOutcome(reference=reference, digest=digest, fingerprint=fingerprint)
        except HeatsinkError as error:
            yield SignatureOutcome(reference=reference, digest=digest, error=error)


def refusals(policy: SignaturePolicy, images: Iterable[str], lookaside: Lookaside) -> Iterator[HeatsinkError]:
    """The errors of images, named by references with digests, that a policy does not let in."""
    by_keys: dict[bytes, list[str]] = {}
    for reference in images:
        requirement = policy.requirement(reference)
        if requirement.rejects:
            yield HeatsinkError(f"image `{reference}` is rejected by the bundle's policy", hint=_REJECTED)
        elif requirement.keys:
            by_keys.setdefault(requirement.keys, []).append(reference)
    for keys, references in by_keys.items():
        with trusting(keys) as keyring:
            outcomes = verify(keyring, pinned(references, {}), lookaside)
            yield from (outcome.error for outcome in outcomes if outcome.error)


def _signer(keyring: Keyring, reference: str, by_digest: str, lookaside: Signatures) -> str:
    """The fingerprint of a key that has signed an image. Raises HeatsinkError with what is wrong."""
    refused = Report()
    for fingerprint in _signers(keyring, by_digest, lookaside, refused):
        return fingerprint
    if not refused.errors:
        raise HeatsinkError(f"image `{reference}` has no signature in `{lookaside.place}`", hint=_SIGN)
    raise HeatsinkError.of(
        Problem(f"image `{reference}` has no valid signature: {refusal.message}", None, _SIGN)
        for refusal in refused.errors
    )


def _signers(keyring: Keyring, by_digest: str, lookaside: Signatures, refused: Report) -> Iterator[str]:
    """The fingerprints of the keys that have signed an image; signatures that do not count are refused."""
    image = signed_image(by_digest)
    for path, message in lookaside.signatures(by_digest):
        yield from refused.attempt(partial(_signer_of, keyring, path, message, image))


def _signer_of(keyring: Keyring, path: str, message: bytes, image: SignedImage) -> str:
    try:
        signed = keyring.verified(message)
        about = stated(signed.content)
    except HeatsinkError as error:
        raise HeatsinkError(f"`{path}`: {error}") from None
    if about != image:
        raise HeatsinkError(f"`{path}`: it is for `{about.name}@{about.digest}`")
    return signed.fingerprint
