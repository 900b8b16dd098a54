"""Debian's docker-registry on a free port, with TLS and a login, and images in it."""

from __future__ import annotations

import base64
import gzip
import json
import shutil
import socket
import ssl
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import bcrypt
import pytest

from compiler.deploy.certificates import new_certificate
from compiler.images.registry import RegistryClient
from compiler.lab.system import wait_until
from tests.support.loopback_registry import AUTHORITY, NOW, digest, write_certificate

LOGIN = "ann:s3cret"
_DOCKER = "application/vnd.docker"
_MANIFEST = f"{_DOCKER}.distribution.manifest.v2+json"
needs_docker_registry = pytest.mark.skipif(
    not shutil.which("docker-registry"), reason="needs apt-get install docker-registry"
)


@contextmanager
def secured_registry(folder: Path, host: str = "127.0.0.1") -> Iterator[str]:
    """Its address. The folder has its certificates, `ca.crt` among them, and its blobs."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        address = f"{host}:{probe.getsockname()[1]}"
    (folder / "registry.json").write_text(json.dumps(_configuration(folder, address)))
    with (folder / "log").open("wb") as log:
        command = ("docker-registry", "serve", str(folder / "registry.json"))
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        assert wait_until(lambda: _listens(address), seconds=20), (folder / "log").read_text()
        yield address
    finally:
        process.terminate()
        process.wait()


def _configuration(folder: Path, address: str) -> dict[str, object]:
    made = new_certificate("registry", [address.partition(":")[0]], AUTHORITY, NOW)
    _, certificate, key = write_certificate(folder, made)
    user, password = LOGIN.split(":")
    hashed = bcrypt.hashpw(password.encode(), bcrypt.gensalt(4)).decode()
    (folder / "htpasswd").write_text(f"{user}:{hashed}\n")
    return {
        "version": "0.1",
        "storage": {"filesystem": {"rootdirectory": f"{folder}/blobs"}},
        "http": {"addr": address, "tls": {"certificate": str(certificate), "key": str(key)}},
        "auth": {"htpasswd": {"realm": "registry", "path": f"{folder}/htpasswd"}},
    }


def _listens(address: str) -> bool:
    host, port = address.split(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) == 0


def logged_in(folder: Path, registry: str, login: str) -> RegistryClient:
    """A client with a login."""
    path = folder / f"{login}.json"
    path.write_text(json.dumps({"auths": {registry: {"auth": base64.b64encode(login.encode()).decode()}}}))
    return RegistryClient(ca=folder / "ca.crt", environment={"REGISTRY_AUTH_FILE": str(path)})


def upload(address: str, name: str, layer: bytes = b"") -> str:
    """Push an image of one layer, a compressed archive, as `name:1`; the digest of its manifest."""
    layers = [layer] if layer else []
    diff_ids = [digest(gzip.decompress(layer)) for layer in layers]
    rootfs = {"type": "layers", "diff_ids": diff_ids}
    history = [{"created_by": "a test"} for _ in layers]  # without it, nothing can be built on the image
    platform = {"architecture": "amd64", "os": "linux"}
    config = json.dumps({**platform, "config": {}, "rootfs": rootfs, "history": history}).encode()
    manifest = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": _MANIFEST,
            "config": _described("container.image.v1+json", config),
            "layers": [_described("image.rootfs.diff.tar.gzip", layer) for layer in layers],
        }
    ).encode()
    base = f"https://{address}/v2/{name}"
    for content in (config, *layers):
        place = _request("POST", f"{base}/blobs/uploads/")
        _request("PUT", f"{place}&digest={digest(content)}", content)
    _request("PUT", f"{base}/manifests/1", manifest, _MANIFEST)
    return digest(manifest)


def _described(kind: str, content: bytes) -> dict[str, object]:
    return {"mediaType": f"{_DOCKER}.{kind}", "digest": digest(content), "size": len(content)}


def _request(method: str, url: str, content: bytes = b"", kind: str = "application/octet-stream") -> str:
    headers = {"Authorization": f"Basic {base64.b64encode(LOGIN.encode()).decode()}", "Content-Type": kind}
    request = urllib.request.Request(url, data=content, headers=headers, method=method)
    context = ssl.create_default_context(cadata=AUTHORITY.public)
    handlers = (urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
    with urllib.request.build_opener(*handlers).open(request) as answer:
        return str(answer.headers["Location"])
