"""What a registry serves under a name, which is what hosts will pull.

https://distribution.github.io/distribution/spec/api/#pulling-an-image-manifest
https://distribution.github.io/distribution/spec/auth/token/
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import ssl
import time
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from pathlib import Path
from typing import Any
from urllib.error import URLError

from compiler.diagnostics import HeatsinkError, reason
from compiler.images.http import FAILURES, Answer, HttpClient
from compiler.images.logins import Login, find_login
from compiler.images.reference import DOCKER_HUB, ImageReference, image_reference
from compiler.images.trust import certificate_folders, tls_context

_TYPES = ", ".join(
    f"application/vnd.{kind}+json"
    for kind in (
        "oci.image.index.v1",
        "docker.distribution.manifest.list.v2",
        "oci.image.manifest.v1",
        "docker.distribution.manifest.v2",
    )
)
_HOSTS = {DOCKER_HUB: "registry-1.docker.io"}
_CHALLENGE = re.compile(r'(\w+)="([^"]*)"')
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageManifest:
    """A manifest as a registry serves it: the digest that it is pulled by, and what it says."""

    digest: str
    content: Mapping[str, Any]
    raw: bytes = field(default=b"", repr=False)

    @property
    def config(self) -> str:
        """The digest of the configuration, which engines call the image id; "" for an index of images."""
        return str(self.content["config"]["digest"]) if "config" in self.content else ""

    @property
    def images(self) -> list[Mapping[str, Any]]:
        """Of an index, its images, one for each platform."""
        return list(self.content.get("manifests", ()))

    @property
    def layers(self) -> int:
        """The bytes of all layers."""
        return sum(int(layer["size"]) for layer in self.content["layers"])


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryClient:
    """Asks registries about images, with the logins and certificates of this machine's engines."""

    ca: Path | None = None
    """A file of authorities to trust, beside those of the machine."""
    insecure: frozenset[str] = frozenset()
    """Registries, `host[:port]`, that are asked by plain HTTP."""
    limit: float = 30.0
    """Seconds within which a question is answered, with everything that belongs to it."""
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)

    def manifest(self, reference: str) -> ImageManifest:
        """The manifest of an image. Raises HeatsinkError, in time, if the registry does not serve it."""
        with self.asking(reference) as question:
            return question.manifest()

    @contextmanager
    def asking(self, reference: str) -> Iterator[Question]:
        """Questions about an image, whose failures are HeatsinkErrors that name it."""
        image = image_reference(reference)
        folders = certificate_folders(self.environment)
        http = HttpClient(tls_context(image.host, folders, self.ca))
        scheme = "http" if image.host in self.insecure else "https"
        question = Question(
            image=image,
            http=http,
            base=f"{scheme}://{_HOSTS.get(image.host, image.host)}",
            login=find_login(image, self.environment),
            deadline=time.monotonic() + self.limit,
        )
        try:
            yield question
        except HeatsinkError as error:
            raise _unanswered(image, str(error), error.problems[0].hint) from None
        except FAILURES as error:
            raise _unanswered(image, *self._explained(error, image)) from error

    def _explained(self, error: Exception, image: ImageReference) -> tuple[str, str | None]:
        cause = error.reason if isinstance(error, URLError) else error
        if isinstance(cause, TimeoutError):
            return f"not answered within {self.limit:g} s", None
        if isinstance(cause, ssl.SSLCertVerificationError):
            folder = f"/etc/containers/certs.d/{image.host}"
            return cause.verify_message, f"put the certificate of its authority into `{folder}/ca.crt`"
        if isinstance(cause, ssl.SSLError):
            return str(cause), f"for a registry without TLS use `--insecure-registry {image.host}`"
        text = reason(cause) if isinstance(cause, OSError) else str(cause)
        return text or type(cause).__name__, None


def _unanswered(image: ImageReference, why: str, hint: str | None) -> HeatsinkError:
    why = "".join(
        character if character.isprintable() else "?" for character in why
    )  # a server may have said it
    return HeatsinkError(f"cannot query the registry for `{image.text}`: {why}", hint=hint)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked of a registry about one image, until a time."""

    image: ImageReference
    http: HttpClient
    base: str
    login: Login | None = field(repr=False)
    deadline: float

    def manifest(self) -> ImageManifest:
        """The manifest of the image. Raises HeatsinkError, or one of FAILURES."""
        answer = self._authorized(f"{self.base}/v2/{self.image.name}/manifests/{self.image.version}")
        digest = f"sha256:{hashlib.sha256(answer.content).hexdigest()}"
        announced = answer.headers.get("Docker-Content-Digest", digest)
        if digest != (self.image.digest or announced):
            raise HeatsinkError("what it serves does not have the digest that it should have")
        return ImageManifest(digest=digest, content=_manifest(answer.content), raw=answer.content)

    def _authorized(self, url: str) -> Answer:
        """The answer, after a login if the registry wants one."""
        answer = self.http.ask(url, {"Accept": _TYPES}, deadline=self.deadline)
        if answer.status == 401:
            headers = {"Accept": _TYPES, "Authorization": self.authorization(answer.headers)}
            answer = self.http.ask(url, headers, deadline=self.deadline)
        return _checked(answer, self.image, self.login)

    def authorization(self, headers: Message) -> str:
        """The value of `Authorization` that the registry asked for with these headers."""
        kind, _, rest = headers.get("WWW-Authenticate", "").partition(" ")
        scheme, challenge = kind.lower(), dict(_CHALLENGE.findall(rest))
        if scheme == "bearer" and "realm" in challenge:
            return f"Bearer {self._token(challenge)}"
        if scheme == "basic" and self.login and not self.login.is_token:
            return self.login.basic
        raise denied(self.image, self.login)

    def _token(self, challenge: Mapping[str, str]) -> str:
        realm = challenge["realm"]
        if not realm.startswith(("https://", f"{self.base}/")):
            raise HeatsinkError(f"it wants a login without TLS at `{realm}`")
        scope = {key: challenge[key] for key in ("service", "scope") if key in challenge}
        if self.login and self.login.is_token:
            form = {
                "grant_type": "refresh_token",
                "client_id": "heatsink",
                "refresh_token": self.login.secret,
            }
            answer = self.http.ask(realm, {}, deadline=self.deadline, form=form | scope)
        else:
            headers = {"Authorization": self.login.basic} if self.login else {}
            url = f"{realm}{'&' if '?' in realm else '?'}{urllib.parse.urlencode(scope)}"
            answer = self.http.ask(url, headers, deadline=self.deadline)
        content = _json(_checked(answer, self.image, self.login).content)
        token = content.get("token") or content.get("access_token")
        if not isinstance(token, str) or not token.isprintable():
            raise HeatsinkError("its token server answers without a token")
        return token


def _checked(answer: Answer, image: ImageReference, login: Login | None) -> Answer:
    """An answer that is a success. Raises HeatsinkError for others."""
    if answer.status in (401, 403):
        raise denied(image, login)
    if answer.status == 404:
        raise HeatsinkError("it has no such image", hint="check the name and the tag")
    if answer.status != 200:
        raise HeatsinkError(f"it answers with HTTP status {answer.status}")
    return answer


def denied(image: ImageReference, login: Login | None) -> HeatsinkError:
    """The error of a registry that requires another login, or one at all."""
    why = f"access denied for user `{login.user}`" if login else "it requires a login"
    return HeatsinkError(why, hint=f"run `podman login {image.host}`")


def _manifest(content: bytes) -> Mapping[str, Any]:
    """An index of images, or the manifest of one; checked is what we use."""
    manifest = _json(content)
    kind = "manifests" if "manifests" in manifest else "config"
    described = manifest.get(kind) if kind == "manifests" else [manifest.get(kind)]
    layers = manifest.get("layers", [])
    if not (_are(_is_described, described) and _are(_has_size, layers)):
        raise HeatsinkError("what it serves is not an image manifest")
    return {kind: manifest[kind], "layers": layers}


def _are(check: Callable[[object], bool], entries: object) -> bool:
    return isinstance(entries, list) and all(map(check, entries))


def _is_described(entry: object) -> bool:
    return (
        isinstance(entry, dict)
        and _DIGEST.fullmatch(str(entry.get("digest"))) is not None
        and isinstance(entry.get("platform", {}), dict)
    )


def _has_size(layer: object) -> bool:
    return isinstance(layer, dict) and isinstance(layer.get("size"), int)


def _json(content: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(content)
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict):
        raise HeatsinkError("what it answers is not JSON")
    return answer
