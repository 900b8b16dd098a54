"""A real registry, Debian's docker-registry, with TLS and a login."""

from __future__ import annotations

import base64
import json
import ssl
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from compiler.diagnostics import HeatsinkError
from tests.support.docker_registry import LOGIN, logged_in, needs_docker_registry, secured_registry
from tests.support.loopback_registry import digest

pytestmark = needs_docker_registry
CONFIG = b"{}"
TYPE = "application/vnd.docker.distribution.manifest.v2+json"
MANIFEST = json.dumps(
    {
        "schemaVersion": 2,
        "mediaType": TYPE,
        "config": {
            "mediaType": "application/vnd.docker.container.image.v1+json",
            "digest": digest(CONFIG),
            "size": len(CONFIG),
        },
        "layers": [],
    }
).encode()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("registry")


@pytest.fixture(scope="module")
def registry(folder: Path) -> Iterator[str]:
    """Its address; it has an image, `web:1`."""
    with secured_registry(folder) as address:
        upload(f"https://{address}", folder / "ca.crt")
        yield address


def upload(base: str, ca: Path) -> None:
    context = ssl.create_default_context(cafile=str(ca))
    authorization = "Basic " + base64.b64encode(LOGIN.encode()).decode()

    def request(method: str, url: str, content: bytes = b"", kind: str = "application/octet-stream") -> str:
        headers = {"Authorization": authorization, "Content-Type": kind}
        asked = urllib.request.Request(url, data=content, headers=headers, method=method)
        with urllib.request.urlopen(asked, context=context) as answer:
            return str(answer.headers["Location"])

    place = request("POST", f"{base}/v2/web/blobs/uploads/")
    request("PUT", f"{place}&digest={digest(CONFIG)}", CONFIG)
    request("PUT", f"{base}/v2/web/manifests/1", MANIFEST, TYPE)


@pytest.mark.parametrize("version", [":1", f"@{digest(MANIFEST)}"])
def test_a_login_gets_the_digest(folder: Path, registry: str, version: str) -> None:
    manifest = logged_in(folder, registry, LOGIN).manifest(f"{registry}/web{version}")
    assert (manifest.digest, manifest.config) == (digest(MANIFEST), digest(CONFIG))


def test_a_wrong_password_is_refused(folder: Path, registry: str) -> None:
    with pytest.raises(HeatsinkError, match="access denied for user `ann`"):
        logged_in(folder, registry, "ann:wrong").manifest(f"{registry}/web:1")


def test_a_missing_image_is_refused(folder: Path, registry: str) -> None:
    with pytest.raises(HeatsinkError, match="it has no such image"):
        logged_in(folder, registry, LOGIN).manifest(f"{registry}/web:2")
