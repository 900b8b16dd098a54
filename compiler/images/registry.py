"""The image that a registry serves under a name, which is what hosts will pull.

https://distribution.github.io/distribution/spec/api/#pulling-an-image-manifest
"""

from __future__ import annotations

import hashlib
import json
import ssl
import urllib.error
import urllib.request
from dataclasses import dataclass

from compiler.diagnostics import HeatsinkError

_MANIFESTS = ", ".join(
    (
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    )
)
_TIMEOUT = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedImage:
    """An image as a registry serves it: pulled by `digest`; `config` is what engines call the image id."""

    digest: str
    config: str


def served(reference: str, *, insecure: bool) -> ServedImage:
    """The image that a registry has under `host:port/namespace/name:tag`. Raises HeatsinkError.

    `insecure` uses plain HTTP.
    """
    url = _manifest_url(reference, insecure=insecure)
    request = urllib.request.Request(url, headers={"Accept": _MANIFESTS})  # noqa: S310 - built by us
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT) as answer:  # noqa: S310
            manifest = answer.read()
    except (urllib.error.URLError, ssl.SSLError, TimeoutError) as error:
        raise HeatsinkError(f"cannot query the registry for `{reference}`: {error}") from error
    # The digest is by definition that of the served bytes.
    return ServedImage(
        digest=f"sha256:{hashlib.sha256(manifest).hexdigest()}",
        config=json.loads(manifest)["config"]["digest"],
    )


def _manifest_url(reference: str, *, insecure: bool) -> str:
    host, _, path = reference.partition("/")
    repository, _, tag = path.rpartition(":")
    return f"{'http' if insecure else 'https'}://{host}/v2/{repository}/manifests/{tag}"
