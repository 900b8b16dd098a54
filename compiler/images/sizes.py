"""How much a pull of an image transfers at most, as its registry says.

https://distribution.github.io/distribution/spec/auth/token/ for registries that want an anonymous token.
"""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from typing import Any

_TYPES = ", ".join(
    f"application/vnd.{kind}+json"
    for kind in (
        "oci.image.manifest.v1",
        "oci.image.index.v1",
        "docker.distribution.manifest.v2",
        "docker.distribution.manifest.list.v2",
    )
)
_REFERENCE = re.compile(r"(?P<host>[^/]+)/(?P<name>[^@]+?)(?::(?P<tag>[^:/@]+))?(?:@(?P<digest>.+))?")
_HOSTS = {"docker.io": "registry-1.docker.io"}
_TIMEOUT = 5
_LARGEST = 1 << 22  # bytes of an answer that are read
_AT_A_TIME = 8


def sizes(references: Iterable[str]) -> dict[str, int | None]:
    """Image → the bytes of its layers; None if its registry does not say."""
    images = sorted(set(references))
    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        return dict(zip(images, pool.map(_size, images), strict=True))


def _size(reference: str) -> int | None:
    match = _REFERENCE.fullmatch(reference)
    if not match:
        return None
    host = _HOSTS.get(match["host"], match["host"])
    for scheme in ("https", "http"):  # hosts may have the registry as an insecure one
        base = f"{scheme}://{host}/v2/{match['name']}/manifests/"
        try:
            return _layers(base, match["digest"] or match["tag"] or "latest")
        except (OSError, HTTPException, ValueError, KeyError, TypeError):
            continue
    return None


def _layers(base: str, version: str) -> int:
    """The bytes of the layers; of an index, those of its image for amd64, or of its first one."""
    manifest = _manifest(base + version)
    if "manifests" in manifest:
        images = manifest["manifests"]
        amd64 = [image for image in images if image.get("platform", {}).get("architecture") == "amd64"]
        manifest = _manifest(base + (amd64 or images)[0]["digest"])
    return sum(int(layer["size"]) for layer in manifest["layers"])


def _manifest(url: str) -> dict[str, Any]:
    try:
        return _json(url, {"Accept": _TYPES})
    except urllib.error.HTTPError as error:
        challenge = dict(re.findall(r'(\w+)="([^"]*)"', error.headers.get("WWW-Authenticate", "")))
        if error.code != 401 or not challenge.get("realm", "").startswith("https://"):
            raise
        query = urllib.parse.urlencode({key: challenge[key] for key in ("service", "scope")})
        token = _json(f"{challenge['realm']}?{query}", {})
        return _json(url, {"Accept": _TYPES, "Authorization": f"Bearer {token['token']}"})


def _json(url: str, headers: dict[str, str]) -> dict[str, Any]:
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 - built by us
    with urllib.request.urlopen(request, timeout=_TIMEOUT) as answer:  # noqa: S310
        content: dict[str, Any] = json.loads(answer.read(_LARGEST))
    return content
