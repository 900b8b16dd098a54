"""A real registry, Debian's docker-registry, with TLS and a login."""

from __future__ import annotations

import base64
import json
import shutil
import socket
import ssl
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import bcrypt
import pytest

from compiler.diagnostics import HeatsinkError
from compiler.images.registry import RegistryClient
from compiler.lab.system import wait_until
from tests.support.loopback_registry import digest, write_certificate

pytestmark = pytest.mark.skipif(
    not shutil.which("docker-registry"), reason="needs apt-get install docker-registry"
)
LOGIN = "ann:s3cret"
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
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    _, certificate, key = write_certificate(folder)
    user, password = LOGIN.split(":")
    (folder / "htpasswd").write_text(
        f"{user}:{bcrypt.hashpw(password.encode(), bcrypt.gensalt(4)).decode()}\n"
    )
    configuration = {
        "version": "0.1",
        "storage": {"filesystem": {"rootdirectory": f"{folder}/blobs"}},
        "http": {"addr": address, "tls": {"certificate": str(certificate), "key": str(key)}},
        "auth": {"htpasswd": {"realm": "registry", "path": f"{folder}/htpasswd"}},
    }
    (folder / "registry.json").write_text(json.dumps(configuration))
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            ("docker-registry", "serve", str(folder / "registry.json")), stdout=log, stderr=log
        )
    try:
        assert wait_until(lambda: listens(address), seconds=20), (folder / "log").read_text()
        upload(f"https://{address}", folder / "ca.crt")
        yield address
    finally:
        process.terminate()
        process.wait()


def listens(address: str) -> bool:
    host, port = address.split(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) == 0


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


def logged_in(folder: Path, registry: str, login: str) -> RegistryClient:
    path = folder / f"{login}.json"
    path.write_text(json.dumps({"auths": {registry: {"auth": base64.b64encode(login.encode()).decode()}}}))
    return RegistryClient(ca=folder / "ca.crt", environment={"REGISTRY_AUTH_FILE": str(path)})


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
