"""Debian's docker-registry on a free port of loopback, with TLS and a login."""

from __future__ import annotations

import base64
import json
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import bcrypt
import pytest

from compiler.images.registry import RegistryClient
from compiler.lab.system import wait_until
from tests.support.loopback_registry import write_certificate

LOGIN = "ann:s3cret"
needs_docker_registry = pytest.mark.skipif(
    not shutil.which("docker-registry"), reason="needs apt-get install docker-registry"
)


@contextmanager
def secured_registry(folder: Path) -> Iterator[str]:
    """Its address. The folder has its certificates, `ca.crt` among them, and its blobs."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
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
    _, certificate, key = write_certificate(folder)
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
