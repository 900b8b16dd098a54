"""Container registries that fail in every way that one can, for nodes of a lab."""

from __future__ import annotations

import hashlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from compiler.lab import Lab

LAYER = hashlib.sha256(b"").hexdigest()
CONFIG = b'{"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": []}}'
MANIFEST_TYPE = "application/vnd.docker.distribution.manifest.v2+json"


def _described(kind: str, content_digest: str, size: int) -> dict[str, object]:
    media_type = f"application/vnd.docker.{kind}"
    return {"mediaType": media_type, "digest": f"sha256:{content_digest}", "size": size}


MANIFEST = json.dumps(
    {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": _described("container.image.v1+json", hashlib.sha256(CONFIG).hexdigest(), len(CONFIG)),
        "layers": [_described("image.rootfs.diff.tar.gzip", LAYER, 1 << 40)],
    }
).encode()
DIGEST = f"sha256:{hashlib.sha256(MANIFEST).hexdigest()}"


class _Handler(BaseHTTPRequestHandler):
    """Answers pings; its subclasses say what becomes of a manifest and a layer."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        with suppress(OSError):  # who asks has left
            if self.path == "/v2/":
                self.answer(b"{}")
            elif "/manifests/" in self.path:
                self.manifest()
            elif self.path.endswith(LAYER):
                self.layer()
            else:
                self.answer(CONFIG)

    do_HEAD = do_GET

    def manifest(self) -> None:
        self.answer(MANIFEST, kind=MANIFEST_TYPE)

    def layer(self) -> None:
        self.answer(b"not the layer")

    def answer(self, content: bytes, *, status: int = 200, kind: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


class Gone(_Handler):
    """Has no such image, any more."""

    def manifest(self) -> None:
        self.answer(b'{"errors": [{"code": "MANIFEST_UNKNOWN", "message": "manifest unknown"}]}', status=404)


class OtherManifest(_Handler):
    """Answers with another manifest than the one of the digest."""

    def manifest(self) -> None:
        self.answer(MANIFEST.replace(b"2", b"3"), kind=MANIFEST_TYPE)


class OtherLayer(_Handler):
    """Answers with another layer than the one of the digest."""


class EndlessLayer(_Handler):
    """Sends a layer that does not end."""

    def layer(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(1 << 40))
        self.end_headers()
        while True:
            self.wfile.write(bytes(1 << 14))
            time.sleep(0.05)


class Circular(_Handler):
    """Redirects everything to itself."""

    def manifest(self) -> None:
        self.send_response(307)
        self.send_header("Location", self.path)
        self.send_header("Content-Length", "0")
        self.end_headers()


@contextmanager
def registry(lab: Lab, handler: type[_Handler]) -> Iterator[None]:
    """A registry at the address that the nodes of a lab trust."""
    address, port = lab.registry.split(":")
    with ThreadingHTTPServer((address, int(port)), handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield
        server.shutdown()
        thread.join()


@contextmanager
def silent(lab: Lab) -> Iterator[None]:
    """A registry that accepts connections and never says a word."""
    address, port = lab.registry.split(":")
    with socket.create_server((address, int(port)), backlog=64):
        yield


@contextmanager
def down(lab: Lab) -> Iterator[None]:
    """No registry."""
    yield


REGISTRIES: dict[str, Callable[[Lab], AbstractContextManager[None]]] = {
    "down": down,
    "silent": silent,
    "gone": partial(registry, handler=Gone),
    "other manifest": partial(registry, handler=OtherManifest),
    "other layer": partial(registry, handler=OtherLayer),
    "endless layer": partial(registry, handler=EndlessLayer),
    "circular": partial(registry, handler=Circular),
}
